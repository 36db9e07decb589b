"""What the ledger says of the last runs, the last backup and its proof."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasks.postgres.questions import Answer
from tasks.warehouse.health.finding import (
    HealthCheck,
    HealthFinding,
    HealthStatus,
    HealthThresholds,
    Limits,
    describe_age,
    health_sql,
    worst,
)

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_UNSUCCESSFUL = ("failed", "crashed", "timed_out")
_RUN_AGAIN = "See why no run loads: retail status, and the runs in Prefect's UI."


def examine_runs(answer: Answer, thresholds: HealthThresholds) -> list[HealthFinding]:
    """Judge the age of the last run and of the last one that completed."""
    row = answer.row
    now, started, good = (_time(row[name]) for name in ("now", "last_started", "last_completed"))
    if now is None or started is None:
        return [
            HealthFinding(name, HealthStatus.OK, None, "h", "there was no run yet")
            for name in ("last_run", "last_good_run")
        ]
    last = _judge_age("last_run", now - started, _HOUR, "h", thresholds.run_hours, _RUN_AGAIN)
    if row["last_status"] in _UNSUCCESSFUL:
        last = HealthFinding(
            last.name,
            worst(last.status, HealthStatus.WARNING),
            last.value,
            last.unit,
            f"{last.what.rstrip('.')}; it {row['last_status'].replace('_', ' ')}.",
            _RUN_AGAIN,
        )
    if good is None:
        status = thresholds.run_hours.judge((now - started) / _HOUR)
        never = HealthFinding(
            "last_good_run",
            worst(status, HealthStatus.WARNING),
            None,
            "h",
            "no run has completed.",
            _RUN_AGAIN,
        )
        return [last, never]
    return [last, _judge_age("last_good_run", now - good, _HOUR, "h", thresholds.run_hours, _RUN_AGAIN)]


def examine_backups(answer: Answer, thresholds: HealthThresholds) -> list[HealthFinding]:
    """Judge the age of the last full backup that is recorded here, and of the last proof that passed."""
    row = answer.row
    now, made, proved = (_time(row[name]) for name in ("now", "last_backup", "last_proof"))
    expected = HealthStatus.WARNING if thresholds.is_backup_scheduled or made else HealthStatus.OK
    if now is None or made is None:
        what, fix = "no backup is recorded here", "Make one: retail backup"
        if thresholds.is_backup_scheduled:
            what = f"{what}, though they are scheduled."
        backup = HealthFinding("last_backup", expected, None, "h", what, fix)
    else:
        fix = "Make one: retail backup"
        backup = _judge_age("last_backup", now - made, _HOUR, "h", thresholds.backup_hours, fix)
    fix = "Prove one: retail prove ID --identity FILE"
    if now is None or proved is None:
        what = "no backup was ever restored for proof" + ("." if expected is not HealthStatus.OK else "")
        return [backup, HealthFinding("last_proof", expected, None, "days", what, fix)]
    return [backup, _judge_age("last_proof", now - proved, _DAY, "days", thresholds.proof_days, fix)]


def _judge_age(
    name: str, age: timedelta, per: timedelta, unit: str, limits: Limits, fix: str
) -> HealthFinding:
    value = age / per
    status = limits.judge(value)
    what = f"{describe_age(age)} ago"
    if status is HealthStatus.OK:
        return HealthFinding(name, status, round(value, 2), unit, what)
    return HealthFinding(name, status, round(value, 2), unit, f"{what}.", fix)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


RUNS = HealthCheck(health_sql("select_last_run"), examine_runs)
BACKUPS = HealthCheck(health_sql("select_last_backup"), examine_backups)
