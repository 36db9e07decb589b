"""What the doctor says of settings that are read, but do not do what somebody expects of them."""

from __future__ import annotations

from blocks.settings_sources import Resolved
from tasks.doctor.finding import Finding, problem, warning


def examine_settings(resolved: Resolved) -> list[Finding]:
    """Examine names that misspell a setting, and names of the Airflow project."""
    findings = [problem("settings", slip.what, slip.next_step) for slip in resolved.misspelled]
    findings += [
        warning("settings", f"{old} is set, which this project does not read.", f"Set {new} instead.")
        for old, new in resolved.replaced
    ]
    return findings


def without_channels(block: str) -> list[Finding] | tuple[()]:
    """A problem if an Alerts block is named and has no channel: somebody relies on it, and nobody is notified."""
    if not block:
        return ()
    what = f"the Alerts block {block!r} has no channel: nobody is notified of failures."
    return [
        problem("alerts", what, "Add Slack, a mail server or a pager to the block, or leave the block out.")
    ]
