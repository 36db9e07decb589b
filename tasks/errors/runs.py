"""Errors of settings, runs, alerts and the workspace."""

from __future__ import annotations

from typing import Self

from tasks.errors.root import RetailError, Terminal, Transient


class AlertStoreUnreachable(Transient):
    """The store of open alerts cannot be read or written."""


class SettingsError(Terminal):
    """A setting is invalid. Attribute: ``setting``."""


class FeedConflict(SettingsError):
    """The run's settings differ from those the feed was first loaded with. Attribute: ``feed``."""


class UntrustedPath(SettingsError):
    """Another user owns or may write a folder or file that must be ours alone. Attributes: ``path``, ``setting``."""


class StepTimedOut(Terminal):
    """A step passed its own time limit; its batch fails. Attribute: ``step``."""


class WorkspaceFull(Terminal):
    """The workspace cannot be written: disk full or permission denied. Attribute: ``folder``."""


class OutputDamaged(Terminal):
    """A part of an output is not what was written. Attribute: ``path``."""


class AlertNotDelivered(RetailError):
    """A channel did not accept an alert, which never fails a run. Attribute: ``channel`` (its name)."""

    subject = "channel"


class ChannelUnreachable(AlertNotDelivered, Transient):
    """No response, or one that asks to retry later."""


class ChannelRefused(AlertNotDelivered, Terminal):
    """The channel rejects the alert for good: revoked webhook, wrong password, unknown address."""


class PrefectUnreachable(Terminal):
    """The Prefect server or Cloud does not respond. Attribute: ``api`` (its URL)."""

    @classmethod
    def at(cls, api: str) -> Self:
        """Build the error for the API at this URL; empty stands for the run's ephemeral server."""
        if not api:
            return cls(
                "The run's own Prefect server does not respond.",
                "Run again, or set PREFECT_API_URL to a server that keeps running (prefect server start).",
                api=api,
            )
        return cls(
            f"The Prefect API {api} does not respond.",
            "Start the server (prefect server start), or correct or unset PREFECT_API_URL (prefect config view "
            "shows where it is set).",
            api=api,
        )


class ProblemsFound(Terminal):
    """The doctor or the watch found a problem. Attribute: ``findings`` of the doctor, or ``report`` of the watch."""

    keep = "\n"


class PreflightFailed(Terminal):
    """A check at the start of a run found what would make it fail; nothing was read. Attribute: ``findings``."""

    keep = "\n"


class RunFailed(Terminal):
    """Raised at the end of a run, after all other deliveries are loaded. Attribute: ``report``."""

    keep = "\n"


class DeliveriesFailed(RunFailed):
    """At least one delivery failed; the others are loaded."""


class QualityBelowThreshold(RunFailed):
    """The quality gate rejected at least one delivery; the others are loaded."""
