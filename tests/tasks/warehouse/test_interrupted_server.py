"""The server stops during a load and restarts: the error is transient, and the next run completes the load."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tasks import progress
from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import with_database
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.migrate import migrate
from tests.conftest import create_database, open_folder
from tests.support.expected import assert_exactly
from tests.support.plain_run import run, state
from tests.support.scenario import BATCH_BYTES, FIRST, Story
from tests.support.soak import count

STOPS = (
    ("load.staged", signal.SIGKILL),
    ("load.part_staged", signal.SIGQUIT),
    ("load.staged", signal.SIGINT),
    ("finish.constraints", signal.SIGQUIT),
)


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """A server that the tests can stop."""
    folder = open_folder("retail-down-")
    server = EmbeddedServer(folder, {"fsync": "off"})
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _stop(server: EmbeddedServer, signal_number: signal.Signals) -> None:
    postmaster = psutil.Process(int((server.cluster / "postmaster.pid").read_text().split()[0]))
    # Sessions outlive a killed postmaster for a while; a power cut kills them too.
    sessions = postmaster.children() if signal_number is signal.SIGKILL else []
    for process in (postmaster, *sessions):
        process.send_signal(signal_number)
    deadline = time.monotonic() + 20
    while server.is_running():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("step", "signal_number"), STOPS)
async def test_a_second_run_completes_the_load(
    own_server: EmbeddedServer, tmp_path: Path, step: str, signal_number: signal.Signals
) -> None:
    own_server.start()
    name = f"down_{signal_number}_{step.replace('.', '_')}"
    await create_database(own_server.settings(), name)
    warehouse = with_database(own_server.settings(), name)
    await migrate(warehouse)
    story = Story(tmp_path)
    story.write(FIRST)
    seen = 0

    def listener(event: progress.Progress) -> None:
        nonlocal seen
        seen += event.step == step
        if event.step == step and seen == (2 if step.startswith("load") else 1):
            _stop(own_server, signal_number)

    with progress.listening(listener), pytest.raises(ConnectionInterrupted):
        await run(warehouse, tmp_path, [story.folder], batch_bytes=BATCH_BYTES)
    assert not own_server.is_running()
    count("server stops")

    own_server.start()
    await assert_exactly(warehouse, story.expected_lines(FIRST, 1 if step.startswith("load") else None))
    await run(warehouse, tmp_path, [story.folder], batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.expected_lines(FIRST))
    complete = await state(warehouse)
    await run(warehouse, tmp_path, [story.folder], batch_bytes=BATCH_BYTES)
    assert await state(warehouse) == complete
