"""The server: its version, whether it accepts writes, its replication, and TLS on the way to it."""

from __future__ import annotations

import asyncpg

from tasks.postgres.protocol import tls_of
from tasks.postgres.questions import Answer
from tasks.warehouse.health.finding import (
    HealthCheck,
    HealthFinding,
    HealthStatus,
    HealthThresholds,
    health_sql,
)

OLDEST, NEWEST = 15, 18
_SOUND_TLS = ("TLSv1.2", "TLSv1.3")


def examine_version(answer: Answer) -> HealthFinding:
    """Check that this release supports the server's version."""
    name, text = "server_version", answer.row["version"]
    major, version = answer.row["number"] // 10_000, f"PostgreSQL {text}"
    if major < OLDEST:
        fix = f"Upgrade the server to {OLDEST} or later."
        return HealthFinding(name, HealthStatus.CRITICAL, text, "", f"{version} is too old.", fix)
    if major > NEWEST:
        what = f"{version} is newer than the versions this release was tested with ({OLDEST} to {NEWEST})."
        fix = "Look for a newer release of prefect-retail."
        return HealthFinding(name, HealthStatus.WARNING, text, "", what, fix)
    return HealthFinding(name, HealthStatus.OK, text, "", version)


def examine_writes(answer: Answer) -> HealthFinding:
    """Check that the database accepts writes."""
    if answer.row["is_replica"]:
        what = "this server is a replica, which accepts no writes."
        fix = "Connect to the primary; backups can run here."
        return HealthFinding("writes", HealthStatus.CRITICAL, "replica", "", what, fix)
    if answer.row["read_only"] == "on":
        what = "the database is read-only (default_transaction_read_only); Supabase sets this when the disk is full."
        fix = "Free or buy space, then turn read-only mode off in the project's settings; backups still work meanwhile."
        return HealthFinding("writes", HealthStatus.CRITICAL, "read-only", "", what, fix)
    return HealthFinding("writes", HealthStatus.OK, "read-write", "", "the database accepts writes")


def examine_replication(answer: Answer, thresholds: HealthThresholds) -> HealthFinding:
    """Judge the WAL that the server keeps for replication slots: one that nobody reads fills the disk."""
    row = answer.row
    megabytes, slots = row["retained_mb"] or 0.0, row["slots"]
    what = f"{row['standbys']} standbys, {slots} replication slots, for which {megabytes:,.0f} MB of WAL are kept"
    status = thresholds.wal_mb.judge(megabytes) if slots else HealthStatus.OK
    fix = ""
    if status is not HealthStatus.OK:
        unread = f" Nobody reads {', '.join(row['inactive'])}." if row["inactive"] else ""
        what, fix = (
            f"{what}.{unread}",
            "See what reads the slot; drop one that is not needed: select pg_drop_replication_slot(NAME);",
        )
    return HealthFinding("replication", status, round(megabytes, 1), "MB", what, fix)


def examine_tls(connection: asyncpg.Connection) -> HealthFinding:
    """Check the TLS version of a connection. Without TLS only this machine is reached at all."""
    session = tls_of(connection)
    if session is None:
        return HealthFinding(
            "tls", HealthStatus.OK, "none", "", "no TLS: the connection stays on this machine"
        )
    version = str(session.version())
    if version in _SOUND_TLS:
        return HealthFinding("tls", HealthStatus.OK, version, "", version)
    fix = "Have the server offer TLS 1.2 or later (ssl_min_protocol_version)."
    return HealthFinding("tls", HealthStatus.WARNING, version, "", f"{version} is outdated.", fix)


VERSION_QUERY = "select current_setting('server_version_num')::int as number, current_setting('server_version') as version"
WRITES_QUERY = (
    "select pg_is_in_recovery() as is_replica, current_setting('transaction_read_only') as read_only"
)
VERSION = HealthCheck(VERSION_QUERY, lambda answer, _: [examine_version(answer)])
WRITES = HealthCheck(WRITES_QUERY, lambda answer, _: [examine_writes(answer)])
REPLICATION = HealthCheck(
    health_sql("select_replication"), lambda answer, thresholds: [examine_replication(answer, thresholds)]
)
