"""State of the server: version, time limits, writability, size, clock."""

from __future__ import annotations

from tasks.doctor.finding import Finding, from_health, ok, problem, warning
from tasks.doctor.question import Question, doctor_sql
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.questions import Answer
from tasks.postgres.supabase import is_supabase
from tasks.warehouse.health.server import VERSION_QUERY, WRITES_QUERY, examine_version, examine_writes

CLOCK_SECONDS = 5.0
_FREE_PLAN_MB = 500


def judge_version(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Check that this release supports the server's version."""
    return [from_health("server version", examine_version(answer))]


def judge_statement_timeout(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Check that our statement_timeout replaces the role's own for the session."""
    row = answer.row
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


def judge_writable(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Check that the database accepts writes."""
    return [from_health("writes", examine_writes(answer))]


def judge_encoding(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Check that the database can hold every text."""
    encoding = answer.row["encoding"]
    if encoding == "UTF8":
        return [ok("encoding", "UTF8")]
    return [
        problem(
            "encoding",
            f"the database has the encoding {encoding}, which lacks characters that deliveries use.",
            "Create a database with encoding 'UTF8' (create database ... encoding 'UTF8' template template0).",
        )
    ]


def judge_size(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Report the size of the database; the size of its disk cannot be queried."""
    megabytes = answer.row["megabytes"]
    hint = ""
    if is_supabase(settings):
        hint = f"On the free plan Supabase makes it read-only at {_FREE_PLAN_MB} MB; the disks of paid plans grow."
    return [ok("size", f"the database holds {megabytes:,.0f} MB", hint)]


def judge_clock(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Compare this machine's clock with the server's, as NTP does: the time that the server took is left out."""
    row = answer.row
    difference = (answer.asked_at + answer.answered_at - row["received"] - row["answered"]) / 2
    trip = answer.answered_at - answer.asked_at - (row["answered"] - row["received"])
    # The error is at most half a round trip.
    if abs(difference) - max(0.0, trip) / 2 <= CLOCK_SECONDS:
        return [ok("clock", f"{abs(difference):.1f} s from the server's")]
    direction = "ahead of" if difference > 0 else "behind"
    return [
        warning(
            "clock",
            f"this machine's clock is {abs(difference):,.0f} s {direction} the server's.",
            "Synchronize it with NTP (timedatectl set-ntp true): schedules, certificates and the times of runs depend on it.",
        )
    ]


VERSION = Question(VERSION_QUERY, judge_version)
STATEMENT_TIMEOUT = Question(doctor_sql("select_statement_timeout"), judge_statement_timeout)
WRITABLE = Question(WRITES_QUERY, judge_writable)
ENCODING = Question("select current_setting('server_encoding') as encoding", judge_encoding)
SIZE = Question("select pg_database_size(current_database()) / 1e6 as megabytes", judge_size)
CLOCK = Question(doctor_sql("select_clock"), judge_clock)
