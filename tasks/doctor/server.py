"""The server as it stands: version, time limits, whether it takes writes, its size, its clock."""

from __future__ import annotations

import time
from collections.abc import Callable

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import sql
from tasks.postgres.supabase import is_supabase

OLDEST, NEWEST = 15, 18
CLOCK_SECONDS = 5.0
_FREE_PLAN_MB = 500
_TRIPS = 3


async def examine_version(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Whether this release was made for the server's version."""
    major = connection.get_server_version().major
    said = f"PostgreSQL {await connection.fetchval('show server_version')}"
    if major < OLDEST:
        return [problem("server version", f"{said} is too old.", f"Upgrade the server to {OLDEST} or later.")]
    if major > NEWEST:
        what = f"{said} is newer than what this release was tried on ({OLDEST} to {NEWEST})."
        return [warning("server version", what, "Look for a newer release of prefect-retail.")]
    return [ok("server version", said)]


async def examine_time_limit(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """The role's own statement_timeout, and whether ours takes its place."""
    row = await connection.fetchrow(sql("select_time_limit", "tasks.doctor"))
    own = f"the role's own is {_duration(row['own'])}"
    if row["ours"] != settings.statement_timeout * 1000:
        return [
            problem(
                "statement timeout",
                f"ours does not last: the session has {_duration(row['ours'])}, {own}.",
                "A pooler in transaction mode stands between: use the direct connection or a session-mode pooler.",
            )
        ]
    return [ok("statement timeout", f"{own}; loads set theirs for their session")]


def _duration(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds else "none"


async def examine_writable(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Whether the database takes writes."""
    row = await connection.fetchrow(
        "select pg_is_in_recovery() as replica, current_setting('transaction_read_only')"
    )
    if row["replica"]:
        what = "this server is a replica, which takes no writes."
        return [problem("writes", what, "Use the primary's address; backups may run here.")]
    if row["current_setting"] == "on":
        what = "the database is read-only (default_transaction_read_only), as Supabase makes it when its disk is full."
        fix = "Free or buy space, then switch it off in the project's settings; backups still run meanwhile."
        return [problem("writes", what, fix)]
    return [ok("writes", "the database takes writes")]


async def examine_size(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """How large the database is; how much its disk holds is not to be seen from here."""
    megabytes = await connection.fetchval("select pg_database_size(current_database()) / 1e6")
    hint = ""
    if is_supabase(settings):
        hint = f"On the free plan Supabase makes it read-only at {_FREE_PLAN_MB} MB; paid plans grow."
    return [ok("size", f"the database holds {megabytes:,.0f} MB", hint)]


async def examine_clock(
    connection: asyncpg.Connection, settings: ConnectionSettings, now: Callable[[], float] = time.time
) -> list[Finding]:
    """How far this machine's clock is from the server's, by the quickest of a few round trips."""
    trips = []
    for _ in range(_TRIPS):
        before = now()
        theirs = float(await connection.fetchval("select extract(epoch from clock_timestamp())"))
        after = now()
        trips.append((after - before, (before + after) / 2 - theirs))
    trip, difference = min(trips)
    # Half a round trip may have gone either way.
    if abs(difference) - trip / 2 <= CLOCK_SECONDS:
        return [ok("clock", f"{abs(difference):.1f} s from the server's")]
    where = "ahead of" if difference > 0 else "behind"
    return [
        warning(
            "clock",
            f"this machine's clock is {abs(difference):,.0f} s {where} the server's.",
            "Set it by NTP (timedatectl set-ntp true): schedules, certificates and the times of runs depend on it.",
        )
    ]
