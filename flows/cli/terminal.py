"""Progress of a running command on standard error: a live line on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tasks import progress
from tasks.outside_text import displayable

_STEPS = {
    "prefect.import": "loading Prefect",
    "prefect.server": "starting Prefect's own server (10 s on a fresh home, 5 s later)",
    "embedded.initialise": "creating the embedded Postgres",
    "embedded.start": "starting the embedded Postgres",
    "schema.migrate": "setting up the schema",
    "ingest.read": "reading",
    "validate.done": "validated",
    "load.locked": "loading",
    "load.dimensions_copied": "loading facts",
    "load.part_added": "loading: part",
    "load.committed": "loaded a batch",
    "finish.indexes": "building indexes",
    "finish.constraints": "adding keys",
    "finish.analyse": "analysing",
    "finish.done": "writing the report",
    "doctor.gather": "reading the settings",
    "doctor.connect": "connecting to the warehouse",
    "doctor.ask": "checking the warehouse",
}
# Waits; shown in a pipe too, where silence looks like a hang.
_WAITS = {
    "connect.waiting": "waiting for the warehouse",
    "embedded.waiting": "waiting",
    "embedded.leftovers": "waiting",
    "finish.waiting": "waiting",
    "load.waiting": "waiting",
    "task.retrying": "waiting to retry",
}


def describe(step: progress.Progress) -> str | None:
    """Describe a step, or return None for one that is not shown."""
    if step.step in _WAITS:
        return f"{_WAITS[step.step]}: {displayable(step.detail)}"
    text = _STEPS.get(step.step)
    if text is None:
        return None
    if step.done is not None and step.total:
        return f"{text} {step.done} of {step.total}"
    return (
        f"{text}: {displayable(step.detail)}"
        if step.detail and step.step.startswith(("ingest", "validate"))
        else text
    )


@contextmanager
def shown() -> Iterator[None]:
    """Show progress on standard error: a live line on a terminal, otherwise only waits."""
    console = Console(stderr=True)
    if not console.is_terminal:
        with progress.listening(_print_wait):
            yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        row = bar.add_task("starting")

        def listener(step: progress.Progress) -> None:
            text = describe(step)
            if text:
                bar.update(row, description=escape(text))

        with progress.listening(listener):
            yield


def _print_wait(step: progress.Progress) -> None:
    if step.step in _WAITS:
        print(f"{time.strftime('%H:%M:%S')} {describe(step)}", file=sys.stderr, flush=True)
