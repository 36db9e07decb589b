"""The rule of retention keeps what it says, over any history of backups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.backup.retention import BackupSummary, RetentionRule, plan
from tasks.errors import SettingsError
from tests.support.soak import count, size

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PERIODS: dict[str, Callable[[datetime], object]] = {
    "daily": lambda at: at.astimezone(UTC).date(),
    "weekly": lambda at: at.astimezone(UTC).isocalendar()[:2],
    "monthly": lambda at: (at.astimezone(UTC).year, at.astimezone(UTC).month),
}

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Dense enough that periods hold several backups, and some lie in the future.
times = st.builds(
    lambda hours, zone: (NOW - timedelta(hours=hours)).astimezone(zone),
    st.one_of(st.integers(-100, 400), st.integers(0, 24 * 800)),
    zones,
)
rules = st.builds(
    RetentionRule,
    keep_last=st.integers(0, 6),
    daily=st.integers(0, 6),
    weekly=st.integers(0, 6),
    monthly=st.integers(0, 6),
    minimum=st.integers(1, 5),
)


@st.composite
def histories(draw: st.DrawFn) -> list[BackupSummary]:
    """Backups in any order, with their proofs and marks."""
    drawn = draw(
        st.lists(
            st.tuples(times, st.booleans(), st.integers(0, 9)), max_size=40, unique_by=lambda row: row[0]
        )
    )
    return [
        BackupSummary(f"{number:04}", created_at, is_proven, mark == 0)
        for number, (created_at, is_proven, mark) in enumerate(drawn)
    ]


def proven_of(history: Iterable[BackupSummary]) -> list[BackupSummary]:
    counted = [backup for backup in history if backup.is_proven and backup.created_at <= NOW]
    return sorted(counted, key=lambda backup: backup.created_at, reverse=True)


def deleted_of(history: Iterable[BackupSummary], reasons: dict[str, tuple[str, ...]]) -> list[BackupSummary]:
    return [backup for backup in history if not reasons[backup.id]]


@settings(max_examples=size(300, soak=30_000, few=100), deadline=None)
@given(histories(), rules)
def test_deletes_only_what_the_rule_lets_go(history: list[BackupSummary], rule: RetentionRule) -> None:
    count("histories of backups")
    reasons = plan(history, rule, NOW)
    assert set(reasons) == {backup.id for backup in history}
    deleted, proven = deleted_of(history, reasons), proven_of(history)
    stays = [backup for backup in proven if reasons[backup.id]]
    # The floor, and the last ones.
    assert stays[: rule.minimum] == proven[: rule.minimum]
    assert stays[: rule.keep_last] == proven[: rule.keep_last]
    for backup in deleted:
        assert not backup.is_kept
        assert backup.created_at <= NOW
        assert proven
        assert backup.created_at < proven[0].created_at
    # Every period within the rule still has its newest proven backup.
    for name, period in PERIODS.items():
        newest: dict[object, BackupSummary] = {}
        for backup in proven:
            newest.setdefault(period(backup.created_at), backup)
        within = sorted(newest.values(), key=lambda backup: backup.created_at, reverse=True)
        assert set(within[: getattr(rule, name)]) <= set(stays)


@settings(max_examples=size(300, soak=30_000, few=100), deadline=None)
@given(histories(), rules)
def test_keeps_nothing_without_a_rule_that_says_so(history: list[BackupSummary], rule: RetentionRule) -> None:
    """Otherwise a vault would grow for ever."""
    reasons = plan(history, rule, NOW)
    proven = proven_of(history)
    by_number = [backup for backup in proven if reasons[backup.id] and not backup.is_kept]
    assert len(by_number) <= rule.keep_last + rule.daily + rule.weekly + rule.monthly + rule.minimum
    if proven:
        for backup in history:
            if not backup.is_proven and not backup.is_kept and backup.created_at < proven[0].created_at:
                assert reasons[backup.id] == ()


@settings(max_examples=size(300, soak=30_000, few=100), deadline=None)
@given(histories(), rules, times)
def test_pruning_again_or_later_deletes_nothing_more(
    history: list[BackupSummary], rule: RetentionRule, later: datetime
) -> None:
    """Only new proven backups age others out; time alone does not, nor a backup that is not proven."""
    history = [backup for backup in history if backup.created_at <= NOW]
    reasons = plan(history, rule, NOW)
    stays = [backup for backup in history if reasons[backup.id]]
    assert deleted_of(stays, plan(stays, rule, NOW + timedelta(days=5000))) == []
    more = [*stays, BackupSummary("unproven", later, is_proven=False, is_kept=False)]
    assert deleted_of(stays, plan(more, rule, NOW)) == []


@given(histories(), rules, st.randoms())
def test_the_order_of_the_list_is_of_no_account(
    history: list[BackupSummary], rule: RetentionRule, random: object
) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan(shuffled, rule, NOW) == plan(history, rule, NOW)


def test_reasons_as_a_person_reads_them() -> None:
    def backup(name: str, at: str, *, proven: bool = True, kept: bool = False) -> BackupSummary:
        return BackupSummary(name, datetime.fromisoformat(at), proven, kept)

    history = [
        backup("future", "2026-11-29T03:00+00:00"),
        backup("untested", "2026-11-28T09:00+00:00", proven=False),
        backup("newest", "2026-11-28T03:00+00:00"),
        backup("failed", "2026-11-27T09:00+00:00", proven=False),
        # 27 November in UTC, of which it is the newest.
        backup("abroad", "2026-11-28T01:00+02:00"),
        backup("same day", "2026-11-27T03:00+00:00"),
        backup("week before", "2026-11-22T03:00+00:00"),
        backup("marked", "2026-11-03T03:00+00:00", proven=False, kept=True),
        backup("month before", "2026-10-31T03:00+00:00"),
        backup("too old", "2026-10-30T03:00+00:00"),
    ]
    rule = RetentionRule(keep_last=1, daily=2, weekly=2, monthly=2, minimum=2)
    assert plan(history, rule, NOW) == {
        "future": ("dated in the future",),
        "untested": ("newer than the newest proven one",),
        "newest": ("last 1", "daily 2026-11-28", "weekly 2026-W48", "monthly 2026-11", "floor"),
        "failed": (),
        "abroad": ("daily 2026-11-27", "floor"),
        "same day": (),
        "week before": ("weekly 2026-W47",),
        "marked": ("kept",),
        "month before": ("monthly 2026-10",),
        "too old": (),
    }


def test_iso_weeks_go_over_the_turn_of_the_year() -> None:
    history = [
        BackupSummary("friday", datetime(2027, 1, 1, tzinfo=UTC), is_proven=True, is_kept=False),
        BackupSummary("monday", datetime(2026, 12, 28, tzinfo=UTC), is_proven=True, is_kept=False),
    ]
    rule = RetentionRule(keep_last=0, daily=0, weekly=2, monthly=0, minimum=1)
    reasons = plan(history, rule, datetime(2027, 1, 2, tzinfo=UTC))
    assert reasons == {"friday": ("weekly 2026-W53", "floor"), "monday": ()}


def test_nothing_is_deleted_while_no_backup_is_proven() -> None:
    history = [
        BackupSummary(str(day), NOW - timedelta(days=day), is_proven=False, is_kept=False)
        for day in range(99)
    ]
    rule = RetentionRule(keep_last=0, daily=0, weekly=0, monthly=0, minimum=1)
    assert set(plan(history, rule, NOW).values()) == {("no backup is proven",)}


@pytest.mark.parametrize("number", ["keep_last", "daily", "weekly", "monthly", "minimum"])
def test_a_number_that_could_delete_everything_is_refused(number: str) -> None:
    numbers = {"keep_last": 7, "daily": 7, "weekly": 4, "monthly": 12, "minimum": 3}
    with pytest.raises(SettingsError) as refused:
        RetentionRule(**{**numbers, number: -1})
    assert number in str(refused.value)
