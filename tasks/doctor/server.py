"""State of the server: version, time limits, writability, size, clock."""

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
_CLOCK_TRIPS = 3


async def examine_version(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Check that this release supports the server's version."""
    major = connection.get_server_version().major
    version = f"PostgreSQL {await connection.fetchval('show server_version')}"
    if major < OLDEST:
        return [
            problem("server version", f"{version} is too old.", f"Upgrade the server to {OLDEST} or later.")
        ]
    if major > NEWEST:
        what = f"{version} is newer than the versions this release was tested with ({OLDEST} to {NEWEST})."
        return [warning("server version", what, "Look for a newer release of prefect-retail.")]
    return [ok("server version", version)]


async def examine_statement_timeout(
    connection: asyncpg.Connection, settings: ConnectionSettings
) -> list[Finding]:
    """Check that our statement_timeout replaces the role's own for the session."""
    row = await connection.fetchrow(sql("select_statement_timeout", "tasks.doctor"))
    own = f"the role's own is {_duration(row['own'])}"
    if row["ours"] != settings.statement_timeout * 1000:
        return [
            problem(
                "statement timeout",
                f"ours is lost: the session has {_duration(row['ours'])}, {own}.",
                "A transaction-mode pooler drops it: use the direct connection or a pooler in session mode.",
            )
        ]
    return [ok("statement timeout", f"{own}; loads set their own for the session")]


def _duration(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds else "none"


async def examine_writable(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Check that the database accepts writes."""
    row = await connection.fetchrow(
        "select pg_is_in_recovery() as replica, current_setting('transaction_read_only')"
    )
    if row["replica"]:
        what = "this server is a replica, which accepts no writes."
        return [problem("writes", what, "Connect to the primary; backups can run here.")]
    if row["current_setting"] == "on":
        what = "the database is read-only (default_transaction_read_only); Supabase sets this when the disk is full."
        fix = "Free or buy space, then turn read-only mode off in the project's settings; backups still work meanwhile."
        return [problem("writes", what, fix)]
    return [ok("writes", "the database accepts writes")]


async def examine_encoding(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Check that the database can hold every text."""
    encoding = connection.get_settings().server_encoding
    if encoding == "UTF8":
        return [ok("encoding", "UTF8")]
    return [
        problem(
            "encoding",
            f"the database has the encoding {encoding}, which lacks characters that deliveries use.",
            "Create a database with encoding 'UTF8' (create database ... encoding 'UTF8' template template0).",
        )
    ]


async def examine_size(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Report the size of the database; the size of its disk cannot be queried."""
    megabytes = await connection.fetchval("select pg_database_size(current_database()) / 1e6")
    hint = ""
    if is_supabase(settings):
        hint = f"On the free plan Supabase makes it read-only at {_FREE_PLAN_MB} MB; the disks of paid plans grow."
    return [ok("size", f"the database holds {megabytes:,.0f} MB", hint)]


async def examine_clock(
    connection: asyncpg.Connection, settings: ConnectionSettings, now: Callable[[], float] = time.time
) -> list[Finding]:
    """Compare this machine's clock with the server's, using the fastest of a few round trips."""
    trips = []
    for _ in range(_CLOCK_TRIPS):
        before = now()
        server_time = float(await connection.fetchval("select extract(epoch from clock_timestamp())"))
        after = now()
        trips.append((after - before, (before + after) / 2 - server_time))
    trip, difference = min(trips)
    # The error is at most half a round trip.
    if abs(difference) - trip / 2 <= CLOCK_SECONDS:
        return [ok("clock", f"{abs(difference):.1f} s from the server's")]
    direction = "ahead of" if difference > 0 else "behind"
    return [
        warning(
            "clock",
            f"this machine's clock is {abs(difference):,.0f} s {direction} the server's.",
            "Synchronize it with NTP (timedatectl set-ntp true): schedules, certificates and the times of runs depend on it.",
        )
    ]
