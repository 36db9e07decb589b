"""Which backups the rule of retention keeps, and why. Pure: nothing here deletes anything.

A backup counts only if a test restore has proven it, so that a broken one never pushes a working one out. Days, ISO
weeks and months are those in UTC that hold a proven backup, from the newest on: while no backups are made, none age out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from tasks.errors import SettingsError

FUTURE = "dated in the future"
KEPT = "kept"
FLOOR = "floor"
NEWER = "newer than the newest proven one"
NONE_PROVEN = "no backup is proven"


@dataclass(frozen=True)
class BackupSummary:
    """What the rule needs to know of a backup.

    Attributes:
        id: Its id.
        created_at: Time of its snapshot, with time zone.
        is_proven: Whether its newest test restore passed.
        is_kept: Whether it is marked to be kept for ever.
    """

    id: str
    created_at: datetime
    is_proven: bool
    is_kept: bool


@dataclass(frozen=True)
class RetentionRule:
    """How many proven backups are kept. The rules overlap: a backup may be the newest of its day and of its month.

    Attributes:
        keep_last: The newest ones, of whatever day.
        daily: Days of which the newest one is kept.
        weekly: ISO weeks of which the newest one is kept.
        monthly: Months of which the newest one is kept.
        minimum: The newest ones that no other number lets go; at least 1.

    Raises:
        SettingsError: A number is too small.
    """

    keep_last: int
    daily: int
    weekly: int
    monthly: int
    minimum: int

    def __post_init__(self) -> None:
        """Refuse numbers that would delete the newest backup."""
        for number in fields(self):
            least = 1 if number.name == "minimum" else 0
            if getattr(self, number.name) < least:
                raise SettingsError(
                    f"The rule of retention has {number.name} = {getattr(self, number.name)}.",
                    f"Set it to {least} or more.",
                    setting=number.name,
                )


def plan(backups: Sequence[BackupSummary], rule: RetentionRule, now: datetime) -> dict[str, tuple[str, ...]]:
    """Return the reasons to keep each backup, by id; a backup without a reason is to be deleted.

    A backup dated in the future is neither deleted nor counted, since its clock or ours is wrong. An unproven one is
    deleted only if a newer one is proven.

    Args:
        backups: The backups of a vault, in any order.
        rule: The rule.
        now: The present time, with time zone.
    """
    reasons: dict[str, list[str]] = {backup.id: [] for backup in backups}
    past = [backup for backup in backups if backup.created_at <= now]
    proven = sorted(
        (backup for backup in past if backup.is_proven),
        key=lambda backup: (backup.created_at, backup.id),
        reverse=True,
    )
    for backup in proven[: rule.keep_last]:
        reasons[backup.id].append(f"last {rule.keep_last}")
    _keep_periods(reasons, proven, "daily", rule.daily, "%Y-%m-%d")
    _keep_periods(reasons, proven, "weekly", rule.weekly, "%G-W%V")
    _keep_periods(reasons, proven, "monthly", rule.monthly, "%Y-%m")
    for backup in proven[: rule.minimum]:
        reasons[backup.id].append(FLOOR)
    for backup in past:
        if not backup.is_proven and not proven:
            reasons[backup.id].append(NONE_PROVEN)
        elif not backup.is_proven and backup.created_at > proven[0].created_at:
            reasons[backup.id].append(NEWER)
    for backup in backups:
        if backup.is_kept:
            reasons[backup.id].append(KEPT)
        if backup.created_at > now:
            reasons[backup.id].append(FUTURE)
    return {backup: tuple(why) for backup, why in reasons.items()}


def _keep_periods(
    reasons: dict[str, list[str]], proven: Sequence[BackupSummary], name: str, number: int, period: str
) -> None:
    """Keep the newest proven backup of each of the newest periods that hold one.

    Args:
        reasons: Gets the reasons.
        proven: The proven backups, newest first.
        name: Name of the rule.
        number: How many periods.
        period: Format that turns a time into its period.
    """
    newest: dict[str, str] = {}
    for backup in proven:
        newest.setdefault(backup.created_at.astimezone(UTC).strftime(period), backup.id)
    for label, backup_id in list(newest.items())[:number]:
        reasons[backup_id].append(f"{name} {label}")
