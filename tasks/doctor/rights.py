"""The rights of this role that loads, schema upgrades and backups need."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import sql
from tasks.warehouse.migrate import revisions, version_on

_SHOWN = 5
_AS_OWNER = "Connect as the role that owns the schemas retail_ops and retail_dwh."


async def examine_rights(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Check the rights for loads, schema upgrades and backups; at least one finding for each."""
    row = await connection.fetchrow(sql("select_rights", "tasks.doctor"))
    backup = await connection.fetchrow(sql("select_backup_rights", "tasks.doctor"))
    # Only the owner sees the revision; for other roles the finding on loads reports the rest.
    not_owner = row["closed"] or row["foreign_"]
    at_head = bool(not_owner) or await version_on(connection) == revisions()[0]
    return [
        *_loads(row, settings),
        *_upgrades(row, settings, at_head=at_head),
        *_backups(backup, row["role"]),
    ]


def _loads(row: asyncpg.Record, settings: ConnectionSettings) -> list[Finding]:
    role, findings = row["role"], []
    if not row["temporary"]:
        line = f'grant temporary on database "{settings.database}" to "{role}";'
        findings.append(
            problem(
                "loads", f"{role} may not create temporary tables.", f"An administrator runs once: {line}"
            )
        )
    foreign = [*(f"schema {name}" for name in row["closed"]), *row["foreign_"]]
    if foreign:
        findings.append(problem("loads", f"{role} does not own {_some(foreign)}.", _AS_OWNER))
    if findings:
        return findings
    owns = "owns the schemas" if row["schemas"] else "will own the schemas that the first run creates"
    return [ok("loads", f"{role} {owns}, and may create temporary tables")]


def _upgrades(row: asyncpg.Record, settings: ConnectionSettings, *, at_head: bool) -> list[Finding]:
    check, role = "schema upgrades", row["role"]
    create = f'grant create on database "{settings.database}" to "{role}";'
    missing = {}
    if not row["create_schemas"]:
        missing[f"create schemas in {settings.database}"] = create
    if not (row["create_roles"] or row["reader_exists"]):
        missing["create the role retail_reader, which does not exist"] = "create role retail_reader nologin;"
    if not missing:
        return [ok(check, f"{role} may create and change the schema")]
    what, lines = f"{role} may not {' nor '.join(missing)}.", " ".join(missing.values())
    if at_head:
        return [
            ok(
                check,
                f"no upgrade is due; {what.rstrip('.')}",
                f"Before an upgrade an administrator runs: {lines}",
            )
        ]
    return [problem(check, what, f"An administrator runs once: {lines}")]


def _backups(row: asyncpg.Record, role: str) -> list[Finding]:
    check, findings = "backups", []
    if row["unreadable"]:
        findings.append(
            warning(
                check,
                f"{role} may not read {_some(row['unreadable'])}: a backup of the whole database would fail.",
                f'Back up as a role that may read all tables: grant pg_read_all_data to "{role}";',
            )
        )
    if row["hidden"]:
        findings.append(
            warning(
                check,
                f"row-level security hides rows of {_some(row['hidden'])} from {role}: a backup would fail.",
                f'Back up as the owner, or: alter role "{role}" bypassrls;',
            )
        )
    return findings or [ok(check, f"{role} may read every table of this database")]


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
