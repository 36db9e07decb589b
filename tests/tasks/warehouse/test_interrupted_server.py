"""The server goes away in the middle of a load and comes back: the error can pass, and the load is whole."""

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


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """A server that the tests may bring down."""
    folder = open_folder("retail-down-")
    server = EmbeddedServer(folder, {"fsync": "off"})
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _bring_down(server: EmbeddedServer, how: signal.Signals) -> None:
    postmaster = psutil.Process(int((server.cluster / "postmaster.pid").read_text().split()[0]))
    # A session outlives a killed postmaster for a while: the power cut meets all of them.
    sessions = postmaster.children() if how is signal.SIGKILL else []
    for process in (postmaster, *sessions):
        process.send_signal(how)
    end = time.monotonic() + 20
    while server.is_running():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("step", "how"),
    [
        ("load.dimensions_copied", signal.SIGQUIT),
        ("load.facts_copied", signal.SIGKILL),
        ("load.bookkeeping_written", signal.SIGINT),
        ("finish.constraints", signal.SIGQUIT),
    ],
)
async def test_running_again_completes_it(
    own_server: EmbeddedServer, tmp_path: Path, step: str, how: signal.Signals
) -> None:
    own_server.start()
    name = f"down_{how}_{step.replace('.', '_')}"
    await create_database(own_server.settings(), name)
    warehouse = with_database(own_server.settings(), name)
    await migrate(warehouse)
    story = Story(tmp_path)
    story.write(FIRST)
    seen = 0

    def listener(what: progress.Progress) -> None:
        nonlocal seen
        seen += what.step == step
        if what.step == step and seen == (2 if step.startswith("load") else 1):
            _bring_down(own_server, how)

    with progress.listening(listener), pytest.raises(ConnectionInterrupted):
        await run(warehouse, tmp_path, [story.folder], batch_bytes=BATCH_BYTES)
    assert not own_server.is_running()

    own_server.start()
    await assert_exactly(warehouse, story.held(FIRST, 1 if step.startswith("load") else None))
    await run(warehouse, tmp_path, [story.folder], batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.held(FIRST))
    whole = await state(warehouse)
    await run(warehouse, tmp_path, [story.folder], batch_bytes=BATCH_BYTES)
    assert await state(warehouse) == whole
