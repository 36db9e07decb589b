"""Names in the environment that are not ours, but were meant to be: misspelled ones, and those of the Airflow project."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tasks.outside_text import displayable

# The name there, and ours.
OLD_NAMES = {
    "AIRFLOW_EMAIL_ALERTS": "PIPELINE_EMAIL_ALERTS",
    "AIRFLOW_EMAIL_RECIPIENTS": "PIPELINE_EMAIL_RECIPIENTS",
    "AIRFLOW_SLACK_NOTIFICATIONS": "PIPELINE_SLACK_NOTIFICATIONS",
    "AIRFLOW_SLACK_WEBHOOK_URL": "PIPELINE_SLACK_WEBHOOK_URL",
    "AIRFLOW_DEFAULT_RETRIES": "PIPELINE_DEFAULT_RETRIES",
    "AIRFLOW_RETRY_DELAY_MINUTES": "PIPELINE_RETRY_DELAY_MINUTES",
    "SUPABASE_URL": "DATABASE_URL",
    "SUPABASE_DATABASE_URL": "DATABASE_URL",
    "SUPABASE_DB_URL": "DATABASE_URL",
}
# A name with a prefix of ours is a slip sooner than one without.
_OURS = ("RETAIL_", "PIPELINE_", "SUPABASE_BACKUP_", "SUPABASE_MONITORING_")
_LIKENESS, _LIKENESS_WITHOUT_PREFIX = 0.85, 0.9


@dataclass(frozen=True)
class Misspelling:
    """A name that misspells a setting, where it is set, and the setting that is meant."""

    name: str
    source: str
    meant: str

    @property
    def what(self) -> str:
        """What is wrong, as a sentence."""
        return f"{displayable(self.name)}: {self.source} sets it, but there is no such setting."

    @property
    def next_step(self) -> str:
        """What to do about it."""
        return f"Did you mean {self.meant}?"

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}"


def meant_name(name: str, known: Collection[str]) -> str | None:
    """The setting that a name misspells; None for our own names and for those of other software.

    Args:
        name: A name of the environment.
        known: Our names, in capitals.
    """
    upper = name.upper()
    if upper in known or upper in OLD_NAMES:
        return None
    cutoff = _LIKENESS if upper.startswith(_OURS) else _LIKENESS_WITHOUT_PREFIX
    near = difflib.get_close_matches(upper, known, n=1, cutoff=cutoff)
    return near[0] if near else None


def replaced_names(variables: Iterable[str]) -> list[tuple[str, str]]:
    """The old names among the variables, each with ours, where ours is not set beside it."""
    present = {name.upper() for name in variables}
    return [(old, new) for old, new in OLD_NAMES.items() if old in present and new not in present]
