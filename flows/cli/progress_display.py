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
from tasks.postgres.traffic import size

_STEPS = {
    "prefect.import": "loading Prefect",
    "prefect.server": "starting Prefect's own server (10 s on a fresh home, 5 s later)",
    "embedded.initialise": "creating the embedded Postgres",
    "embedded.start": "starting the embedded Postgres",
    "schema.migrate": "setting up the schema",
    "schema.codes": "normalising codes in the warehouse: part",
    "ingest.read": "reading",
    "validate.done": "validated",
    "load.locked": "loading",
    "load.dimensions_copied": "loading facts",
    "load.part_added": "loading: part",
    "load.committed": "loaded a batch",
    "finish.indexes": "building indexes",
    "finish.constraints": "adding keys",
    "finish.done": "writing the report",
    "backup.snapshot": "locking the tables",
    "backup.dumping": "backing up",
    "backup.archive": "backed up",
    "backup.archives": "backed up: archive",
    "backup.repeated": "backing up again",
    "backup.verify": "verifying",
    "proof.verify": "verifying",
    "proof.server": "making a server for the proof",
    "proof.restore": "restoring",
    "proof.compare": "comparing",
    "restore.definitions": "restoring definitions",
    "restore.rows": "restoring rows: archive",
    "restore.keys": "restoring keys and indexes",
    "restore.exchange": "exchanging the rows",
    "api.loading": "loading the demo:",
    "doctor.gather": "reading the settings",
    "doctor.connect": "connecting to the warehouse",
    "doctor.ask": "checking the warehouse",
}
_DETAILED = ("ingest", "validate", "backup.dumping", "backup.archive", "backup.repeated")
_BYTES = frozenset({"proof.verify", "proof.restore"})  # what they count is not for people
_SENDING = "copy.sending"
_SENDS_SECONDS = 10.0
# Waits; shown in a pipe too, where silence looks like a hang.
_WAITS = {
    "connect.waiting": "waiting for the warehouse",
    _SENDING: "sending to the warehouse",
    "embedded.waiting": "waiting",
    "embedded.leftovers": "waiting",
    "finish.waiting": "waiting",
    "load.waiting": "waiting",
    "restore.waiting": "waiting",
    "task.retrying": "waiting to retry",
}


def describe(step: progress.Progress) -> str | None:
    """Describe a step, or return None for one that is not shown."""
    if step.step in _WAITS:
        return f"{_WAITS[step.step]}: {displayable(step.detail)}"
    text = _STEPS.get(step.step)
    if text is None:
        return None
    if step.step == "backup.verify" and step.total:
        return f"{text} {displayable(step.detail)}: {size(step.done or 0)} of {size(step.total)}"
    if step.done is not None and step.total and step.step not in _BYTES:
        return f"{text} {step.done} of {step.total}"
    return f"{text}: {displayable(step.detail)}" if step.detail and step.step.startswith(_DETAILED) else text


@contextmanager
def show_progress() -> Iterator[None]:
    """Show progress on standard error: a live line on a terminal, otherwise only waits."""
    console = Console(stderr=True)
    if not console.is_terminal:
        with progress.listening(_wait_printer()):
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


def _wait_printer() -> progress.Listener:
    """Print each wait, and a long send every ten seconds: a log need not tell it every two."""
    next_send = 0.0

    def print_wait(step: progress.Progress) -> None:
        nonlocal next_send
        if step.step not in _WAITS:
            return
        if step.step == _SENDING:
            if time.monotonic() < next_send:
                return
            next_send = time.monotonic() + _SENDS_SECONDS
        print(f"{time.strftime('%H:%M:%S')} {describe(step)}", file=sys.stderr, flush=True)

    return print_wait
