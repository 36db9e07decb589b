"""How long it takes to open a connection, over several tries."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tasks.errors import RetailError
from tasks.postgres.connect import ConnectionSettings, connect
from tasks.postgres.kept import close
from tasks.warehouse.health.finding import HealthFinding, HealthStatus, HealthThresholds

TRIES = 5
# Of one try with its retries, and of all of them.
_TRY_SECONDS = 25.0
_ALL_SECONDS = 30.0
_FIX = "See whether the server or its pooler is overloaded, and whether this machine is far away (retail doctor)."


@dataclass(frozen=True)
class ConnectionTimes:
    """Milliseconds that new connections took, login and session settings included, and the error of a failed try."""

    milliseconds: tuple[float, ...]
    error: RetailError | None = None


async def measure_connections(settings: ConnectionSettings, tries: int = TRIES) -> ConnectionTimes:
    """Open and close connections one after the other; the first failure ends it.

    Two wrong passwords ban an address at Supabase, so nothing is tried after a failure.

    Raises:
        RetailError: no connection could be opened at all.
    """
    limited = replace(settings, connect_seconds=min(settings.connect_seconds, _TRY_SECONDS))
    end = time.monotonic() + _ALL_SECONDS
    taken: list[float] = []
    while len(taken) < tries and (not taken or time.monotonic() < end):
        started = time.perf_counter()
        try:
            connection = await connect(limited)
        except RetailError as error:
            if not taken:
                raise
            return ConnectionTimes(tuple(taken), error)
        taken.append((time.perf_counter() - started) * 1000)
        await close(connection)
    return ConnectionTimes(tuple(taken))


def examine_connection_times(times: ConnectionTimes, thresholds: HealthThresholds) -> list[HealthFinding]:
    """Judge the median (p50) and the 95th percentile (p95) of the times; a failed try is critical."""
    findings = []
    for name, milliseconds in (
        ("p50", statistics.median(times.milliseconds)),
        ("p95", _percentile(times.milliseconds, 0.95)),
    ):
        status = thresholds.connection_ms.judge(milliseconds)
        what = f"{milliseconds:,.0f} ms to open a connection ({name} of {len(times.milliseconds)})"
        fix = "" if status is HealthStatus.OK else _FIX
        findings.append(
            HealthFinding(f"connection_time_{name}", status, round(milliseconds, 2), "ms", what, fix)
        )
    if times.error is not None:
        findings[-1] = replace(
            findings[-1],
            status=HealthStatus.CRITICAL,
            what=f"try {len(times.milliseconds) + 1} failed: {times.error.description}",
            next_step=times.error.next_step or _FIX,
        )
    return findings


def _percentile(values: Sequence[float], share: float) -> float:
    """The percentile by nearest rank: a value that was measured."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]
