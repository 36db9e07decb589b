"""The text of an alert, the same in every channel. Each channel does its own escaping."""

from __future__ import annotations

from tasks.alerts.alert import Alert, AlertSource
from tasks.outside_text import displayable

RUNBOOK = "docs/runbook.md"


def clean(text: str, limit: int) -> str:
    """Escape unprintable characters (line breaks stay), mask secrets and cut the text to ``limit`` characters.

    Control characters and bidirectional marks would let a file's name pose as something else.
    """
    plain = displayable(text.replace("\r\n", "\n"), keep="\n").strip()
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def single_line(text: str, limit: int) -> str:
    """``clean`` with all whitespace collapsed, so that the text is on one line."""
    return clean(" ".join(text.split()), limit)


def headline(alert: Alert) -> str:
    """Severity, title and flow on one line."""
    text = f"{alert.title}: {alert.source.flow}"
    return text if alert.kind == "recovered" else f"{alert.severity.capitalize()}: {text}"


def location(source: AlertSource) -> str:
    """The known parts of the source, such as ``flow retail-etl, feed default``."""
    parts = [
        ("flow", source.flow),
        ("deployment", source.deployment),
        ("feed", source.feed),
        ("warehouse", source.warehouse),
    ]
    return ", ".join(f"{name} {value}" for name, value in parts if value)


def facts(alert: Alert) -> list[tuple[str, str]]:
    """Labels and texts of the alert's body."""
    return [
        ("What happened", alert.what),
        ("Where", location(alert.source)),
        ("Since", alert.since.isoformat(sep=" ", timespec="seconds")),
        ("Next step", alert.next_step),
    ]


def runbook(alert: Alert) -> str:
    """Path and anchor of the runbook entry."""
    return f"{RUNBOOK}#{alert.runbook}"


def is_link(link: str) -> bool:
    """Whether an address is safe to render as a clickable link."""
    return link.startswith(("http://", "https://")) and not set(link) & set("<>|\"' \n\t")


def as_text(alert: Alert, limit: int = 4000) -> str:
    """The body as plain text; each fact is cut to half of ``limit`` characters."""
    lines = [f"{label}: {clean(text, limit // 2)}" for label, text in facts(alert)]
    lines += [f"Run: {alert.link}"] if is_link(alert.link) else []
    lines.append(f"Runbook: {runbook(alert)}")
    return "\n".join(lines)
