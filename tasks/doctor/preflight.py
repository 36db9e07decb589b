"""The doctor's checks that would stop a run, made with what the run asks at its start: they cost it no turn.

The run's first statement asks whether there is any problem. Only if there is, or if the statement fails, the doctor's
questions are asked, in one turn.

The checks of the way in are made by connecting. Left to the doctor: the session check, which needs a second connection;
free connections, for which a run waits; whatever is a warning at most.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence

from tasks.doctor.finding import Finding, blocking
from tasks.doctor.question import Question, doctor_sql
from tasks.doctor.rights import RIGHTS
from tasks.doctor.schema import SCHEMA, readers
from tasks.doctor.server import ENCODING, STATEMENT_TIMEOUT, VERSION, WRITABLE
from tasks.errors import PreflightFailed
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import inlined
from tasks.postgres.questions import Answer
from tasks.warehouse.health.server import OLDEST
from tasks.warehouse.preflight import Preflight


def preflight_of(
    settings: ConnectionSettings,
    analyst_roles: Sequence[str],
    examination: Awaitable[Sequence[Finding]] | None = None,
) -> Preflight:
    """Return the questions of the blocking checks, and what judges their answers.

    Args:
        settings: The warehouse.
        analyst_roles: Roles that RETAIL_ANALYST_ROLES names.
        examination: Findings on this machine, which count too.
    """

    async def ready() -> None:
        if examination is not None:
            ensure_none_blocks(await examination)

    questions: Mapping[str, Question] = {
        "server version": VERSION,
        "writes": WRITABLE,
        "encoding": ENCODING,
        "statement timeout": STATEMENT_TIMEOUT,
        "schema": SCHEMA,
        "loads": RIGHTS,
        "readers": readers(analyst_roles),
    }

    def judge(answers: Mapping[str, Answer]) -> None:
        ensure_none_blocks(
            finding
            for name, question in questions.items()
            for finding in question.judge(answers[name], settings)
        )

    oldest, ours = OLDEST * 10_000, int(settings.statement_timeout * 1000)
    probe = inlined(doctor_sql("select_no_problem"), oldest, ours)
    return Preflight(probe, {name: question.query for name, question in questions.items()}, judge, ready)


def ensure_none_blocks(findings: Iterable[Finding]) -> None:
    """Raise PreflightFailed, in the doctor's words, if a finding would make the run fail."""
    problems = blocking(findings)
    if problems:
        lines = (f"{problem.check}: {problem.what} {problem.fix}".rstrip() for problem in problems)
        raise PreflightFailed("\n".join(lines), findings=problems)
