"""The rights of this role that loads, schema upgrades and backups need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.doctor.finding import Finding, ok, problem, warning
from tasks.doctor.question import Question, doctor_sql
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import compact_sql
from tasks.postgres.questions import Answer
from tasks.warehouse.migrate import revisions, version_of

_SHOWN = 5
_AS_OWNER = "Connect as the role that owns the schemas retail_ops and retail_dwh."


def judge_rights(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Check the rights for loads, schema upgrades and backups; at least one finding for each."""
    row = answer.row["rights"]
    # Only the owner sees the revision; for other roles the finding on loads reports the rest.
    not_owner = row["closed"] or row["foreign_"]
    at_head = bool(not_owner) or version_of(answer.row["revisions"] or ()) == revisions()[0]
    return [
        *_loads(row, settings),
        *_upgrades(row, settings, at_head=at_head),
        *_backups(answer.row["backup"], row["role"]),
    ]


def _loads(row: Mapping[str, Any], settings: ConnectionSettings) -> list[Finding]:
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


def _upgrades(row: Mapping[str, Any], settings: ConnectionSettings, *, at_head: bool) -> list[Finding]:
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


def _backups(row: Mapping[str, Any], role: str) -> list[Finding]:
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


RIGHTS = Question(
    # The revision matters only to an owner who lacks a right, and fails for a role that may not read it.
    f"select to_json(rights) as rights, (select to_json(backup) from ({doctor_sql('select_backup_rights')}) as backup) "
    "as backup, case when cardinality(rights.closed) = 0 and cardinality(rights.foreign_) = 0 "
    "and not (rights.create_schemas and (rights.create_roles or rights.reader_exists)) "
    f"then (select revisions from ({compact_sql('select_revision')}) as schema) end as revisions "
    f"from ({doctor_sql('select_rights')}) as rights",
    judge_rights,
)
