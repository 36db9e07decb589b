"""An alert in words, the same in every channel. Each channel escapes them for itself."""

from __future__ import annotations

from tasks.alerts.alert import Alert, AlertSource

RUNBOOK = "docs/runbook.md"


def clean(text: str, limit: int) -> str:
    """The text in printable characters (line breaks stay), cut to ``limit`` of them.

    Control characters and marks that turn the writing direction would let a file's name pose as
    something else.
    """
    plain = "".join(one if one.isprintable() or one == "\n" else " " for one in text).strip()
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def one_line(text: str, limit: int) -> str:
    """The text as ``clean``, on one line."""
    return clean(" ".join(text.split()), limit)


def headline(alert: Alert) -> str:
    """Severity, title and subject on one line."""
    what = f"{alert.title}: {alert.source.flow}"
    return what if alert.kind == "recovered" else f"{alert.severity.capitalize()}: {what}"


def place(source: AlertSource) -> str:
    """Where it happened, as far as it is known."""
    known = [
        ("flow", source.flow),
        ("deployment", source.deployment),
        ("feed", source.feed),
        ("warehouse", source.warehouse),
    ]
    return ", ".join(f"{name} {value}" for name, value in known if value)


def facts(alert: Alert) -> list[tuple[str, str]]:
    """The labelled lines of an alert."""
    return [
        ("What happened", alert.happened),
        ("Where", place(alert.source)),
        ("Since", alert.since.isoformat(sep=" ", timespec="seconds")),
        ("Next step", alert.next_step),
    ]


def runbook(alert: Alert) -> str:
    """The entry in the runbook."""
    return f"{RUNBOOK}#{alert.runbook}"


def is_link(link: str) -> bool:
    """True for an address that may be made clickable."""
    return link.startswith(("http://", "https://")) and not set(link) & set("<>|\"' \n\t")


def as_text(alert: Alert, limit: int = 4000) -> str:
    """The body as plain text; what happened is cut so that the whole has at most about ``limit`` characters."""
    lines = [f"{label}: {clean(text, limit // 2)}" for label, text in facts(alert)]
    lines += [f"Run: {alert.link}"] if is_link(alert.link) else []
    lines.append(f"Runbook: {runbook(alert)}")
    return "\n".join(lines)
