"""The schema's revision compared with this release, and the roles that may read the star schema."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tasks.doctor.finding import Finding, ok, problem, skipped, warning
from tasks.doctor.question import Question, doctor_sql
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import compact_sql
from tasks.postgres.questions import Answer
from tasks.warehouse.migrate import revisions, version_of

_ANONYMOUS = "anon"


def judge_schema(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Check that the schema is not newer than this release; a missing or older one is fine."""
    newest, *older = revisions()
    present = version_of(answer.row["revisions"])
    if present is None and answer.row["exists"]:
        return [skipped("schema", "it exists, but its revision is hidden from this role")]
    if present is None:
        return [ok("schema", f"does not exist yet: the first run creates it ({newest})")]
    if present == newest:
        return [ok("schema", f"at the latest revision, {newest}")]
    if present in older:
        return [ok("schema", f"at revision {present}: the next run upgrades it to {newest}")]
    return [
        problem(
            "schema",
            f"at revision {present}, which this release does not know (latest here: {newest}).",
            "Install the release that wrote it, or a newer one.",
        )
    ]


def judge_public_schema(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """List the roles that may create objects in the schema public; databases from before 15 allow every role."""
    roles = [row["role"] for row in answer.rows]
    if not roles:
        return [ok("schema public", "only its owner may create objects there")]
    return [
        warning(
            "schema public",
            f"{', '.join(roles)} may create objects there, such as operators that sessions of others then call; ours "
            "do not look there.",
            "If nobody needs it: "
            + " ".join(f"revoke create on schema public from {role};" for role in roles),
        )
    ]


def judge_readers(
    answer: Answer, settings: ConnectionSettings, analyst_roles: Sequence[str] = ()
) -> list[Finding]:
    """List the roles that may read the star schema, and check RETAIL_ANALYST_ROLES and the role anon."""
    rows = answer.rows
    known = {row["role"] for row in rows}
    reading = sorted(row["role"] for row in rows if row["reads"])
    missing = [role for role in analyst_roles if role not in known]
    findings = []
    if missing:
        findings.append(
            problem(
                "readers",
                f"RETAIL_ANALYST_ROLES names roles that do not exist: {', '.join(missing)}.",
                "Create them, or remove them from the setting.",
            )
        )
    open_to_public = [row for row in rows if row["role"] == _ANONYMOUS and (row["reads"] or row["enters"])]
    if open_to_public:
        what = f"{_ANONYMOUS}, that is anyone with the project's URL, may read retail_dwh."
        fix = f"If this is not intended: revoke retail_reader from {_ANONYMOUS}; revoke all on schema retail_dwh from {_ANONYMOUS};"
        return [*findings, warning("readers", what, fix)]
    to_add = [role for role in analyst_roles if role in known and role not in reading]
    what = f"besides the owner: {', '.join(reading) or 'nobody'}"
    what += f"; the next run adds {', '.join(to_add)}" if to_add else ""
    return [*findings, ok("readers", what)]


SCHEMA = Question(compact_sql("select_revision"), judge_schema)
PUBLIC_SCHEMA = Question(doctor_sql("select_public_schema_creators"), judge_public_schema)


def readers(analyst_roles: Sequence[str]) -> Question:
    """Return the question about the readers; ``analyst_roles`` are those that RETAIL_ANALYST_ROLES names."""
    return Question(doctor_sql("select_readers"), partial(judge_readers, analyst_roles=analyst_roles))
