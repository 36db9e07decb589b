"""docs/performance.md, written from the rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.bars import Figure, bars, of_each
from benchmarks.data import COPIES, DAY_KNOWN, DAY_LINES, Data
from benchmarks.loading import FlowRun
from benchmarks.rounds import Round

_Take = Callable[[Round], float]
_Run = Callable[[Round], FlowRun]
_DAY = f"one day of {DAY_LINES:,} lines"
_SECONDS: tuple[tuple[str, _Take], ...] = (
    ("`psql \\copy` of all lines into one flat table", lambda one: one.psql),
    ("**CSVs to the analysed star**", lambda one: one.full.seconds),
    ("- of it until everything is loaded", lambda one: one.full.seconds - one.full.finish),
    ("- of it keys, indexes and statistics", lambda one: one.full.finish),
    ("dlt, Arrow by ADBC, into one flat table", lambda one: one.dlt_adbc),
    ("dlt, Arrow by its default (CSV), into one flat table", lambda one: one.dlt_arrow),
    ("dlt, default rows, into one flat table", lambda one: one.dlt_rows),
    (f"{_DAY} into the full data", lambda one: one.day_into_full.seconds),
    (f"{_DAY} into ten times the lines", lambda one: one.day_into_tenfold.seconds),
    ("ten times the lines to the analysed star, fresh process", lambda one: one.tenfold_alone.seconds),
)
_MEMORY: tuple[tuple[str, _Take], ...] = (
    ("full data", lambda one: one.full_alone.peak_mb),
    ("ten times", lambda one: one.tenfold_alone.peak_mb),
)
_ROUND: tuple[tuple[str, _Take], ...] = (
    ("psql", lambda one: one.psql),
    ("star", lambda one: one.full.seconds),
    ("of it finish", lambda one: one.full.finish),
    ("dlt ADBC", lambda one: one.dlt_adbc),
    ("dlt Arrow", lambda one: one.dlt_arrow),
    ("dlt rows", lambda one: one.dlt_rows),
    ("day", lambda one: one.day_into_full.seconds),
    ("day, ten times", lambda one: one.day_into_tenfold.seconds),
)


def document(
    rounds: Sequence[Round], data: Data, machine: Mapping[str, str], versions: Mapping[str, str]
) -> str:
    """The whole page."""
    lines = [
        "# Performance",
        "",
        "Written by `python -m benchmarks`; [its README](../benchmarks/README.md) tells how it measures.",
        f"Rounds: {len(rounds)}. Figures are medians with the least and the greatest; a ratio is taken",
        "within each round, since its loads met the same machine.",
        "",
        *_verdict(rounds),
        "",
        "## Seconds",
        "",
        f"{data.lines:,} lines in {data.files} CSV files, and {COPIES} times that. Of the flow: its own",
        "work, from the first connection to the last figure of the report, without the start of Prefect.",
        f"Of the lines of the day, {DAY_KNOWN} are known already; keys and indexes are there.",
        "",
        *_table(
            ("what", "seconds", "times `psql \\copy`"),
            [(name, _text(rounds, take, ".2f"), _against_psql(rounds, take)) for name, take in _SECONDS],
        ),
        "",
        *_stages(rounds),
        "",
        "## Memory",
        "",
        "Greatest size of a fresh process that runs the flow once, with all it imports; the servers of",
        "Postgres and Prefect are processes of their own.",
        "",
        *_table(("lines", "MB"), [(name, _text(rounds, take, ".0f")) for name, take in _MEMORY]),
        "",
        "## Every round",
        "",
        *_table(
            ("round", *(name for name, _ in _ROUND)),
            [
                (str(number), *(f"{take(one):.2f}" for _, take in _ROUND))
                for number, one in enumerate(rounds, 1)
            ],
        ),
        "",
        "## Machine and versions",
        "",
        *_table(("what", "which"), [*machine.items(), *versions.items()]),
        "",
    ]
    return "\n".join(lines)


def _verdict(rounds: Sequence[Round]) -> list[str]:
    found = bars(rounds)
    missed = sum(not bar.met for bar in found)
    return [
        f"**{missed} of {len(found)} bars missed.**" if missed else "**Every bar is met.**",
        "",
        *_table(
            ("what", "found", "bar", "result"),
            [(bar.what, bar.found, bar.wanted, "met" if bar.met else "**missed**") for bar in found],
        ),
    ]


def _stages(rounds: Sequence[Round]) -> list[str]:
    runs: tuple[tuple[str, _Run], ...] = (
        ("full data", lambda one: one.full),
        ("day into the full data", lambda one: one.day_into_full),
        ("day into ten times", lambda one: one.day_into_tenfold),
    )
    names = list(rounds[0].full.stages)
    return [
        "Seconds of each stage (they overlap), CPU seconds of the flow's process, and seconds of the whole",
        "call with Prefect and the report around it:",
        "",
        *_table(
            ("run", *names, "CPU", "call"),
            [(what, *_seconds_of([run(one) for one in rounds], names)) for what, run in runs],
        ),
    ]


def _seconds_of(runs: Sequence[FlowRun], stages: Sequence[str]) -> Iterator[str]:
    for name in stages:
        yield Figure.of([run.stages[name] for run in runs]).text(".2f")
    yield Figure.of([run.cpu for run in runs]).text(".2f")
    yield Figure.of([run.wall for run in runs]).text(".2f")


def _against_psql(rounds: Sequence[Round], take: _Take) -> str:
    return _text(rounds, lambda one: take(one) / one.psql, ".2f")


def _text(rounds: Sequence[Round], take: _Take, form: str) -> str:
    return of_each(rounds, take).text(form)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return [lines[0], "|" + " --- |" * len(head), *lines[1:]]
