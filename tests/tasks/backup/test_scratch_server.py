"""Whatever ends a proof, nothing of its server keeps running or stays on disk."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tasks import progress
from tasks.backup.proof.scratch_folder import remove_leftovers, scratch_folder
from tasks.errors import ScratchServerFailed
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.proofs import StoredBackup, scratch_folders, scratch_processes, store_backup
from tests.support.slow import slow_but

_STEPS = ("proof.server", "proof.restore", "restore.rows", "restore.keys", "proof.compare")


@pytest.fixture
async def stored(empty: ConnectionSettings, tmp_path: Path) -> StoredBackup:
    async with connected(empty) as connection:
        await connection.execute(
            "create schema shop; create table shop.sale (sale_id bigint primary key, note text); "
            "insert into shop.sale select n, md5(n::text) from generate_series(1, 20000) as n"
        )
    return await store_backup(empty, tmp_path)


@pytest.mark.parametrize("at", slow_but(["restore.rows"], _STEPS))
async def test_a_cancelled_proof_leaves_nothing(stored: StoredBackup, scratch_home: Path, at: str) -> None:
    proving = asyncio.create_task(stored.prove())

    def cancel(step: progress.Progress) -> None:
        if step.step == at:
            proving.cancel()

    with progress.listening(cancel), pytest.raises(asyncio.CancelledError):
        await proving
    assert (scratch_folders(), scratch_processes()) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("at", ["proof.restore", "restore.rows", "proof.compare"])
async def test_a_server_that_ends_meanwhile_says_nothing_about_the_backup(
    stored: StoredBackup, scratch_home: Path, at: str
) -> None:
    def end(step: progress.Progress) -> None:
        if step.step == at:
            (folder,) = scratch_folders()
            os.kill(int((folder / "cluster" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    with (
        progress.listening(end),
        pytest.raises(ScratchServerFailed, match=r"scratch server failed: it ended"),
    ):
        await stored.prove()
    assert (scratch_folders(), scratch_processes()) == ([], [])


@pytest.mark.slow
async def test_a_full_disk_says_nothing_about_the_backup(
    empty: ConnectionSettings, tmp_path: Path, scratch_home: Path
) -> None:
    async with connected(empty) as connection:
        await connection.execute(
            "create table public.big as select n, repeat(md5(n::text), 8) as note from generate_series(1, 100000) as n"
        )
    stored = await store_backup(empty, tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file grows any further, as on a full disk; the server inherits it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, before[1]))
    try:
        with pytest.raises(ScratchServerFailed) as failure:
            await stored.prove()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "Check space and memory of this machine" in str(failure.value)
    assert (scratch_folders(), scratch_processes()) == ([], [])
    assert (await stored.prove()).outcome == "passed"


@pytest.mark.slow
async def test_a_session_that_is_killed_says_nothing_about_the_backup(
    stored: StoredBackup, scratch_home: Path
) -> None:
    def end(step: progress.Progress) -> None:
        if step.step == "restore.keys":
            # As the system does when memory is short. A server that started anew would have lost unlogged rows.
            for process in psutil.process_iter(["cmdline"]):
                if process.pid in scratch_processes() and "checkpointer" in str(process.info["cmdline"]):
                    process.kill()

    with progress.listening(end), pytest.raises(ScratchServerFailed, match="scratch server failed"):
        await stored.prove()
    assert (scratch_folders(), scratch_processes()) == ([], [])


@pytest.mark.slow
async def test_a_killed_proof_takes_its_server_along_and_the_next_one_removes_its_folder(
    stored: StoredBackup, scratch_home: Path, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.support.killed_proof",
        str(tmp_path / "vault"),
        str(stored.identity),
    ]
    environment = {**os.environ, "TMPDIR": str(scratch_home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        assert any(line.strip() == "proof.compare" for line in process.stdout)
        assert scratch_processes()
        process.kill()
    deadline = time.monotonic() + 10
    while scratch_processes() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    assert scratch_processes() == []
    (left,) = scratch_folders()

    steps: list[str] = []
    with progress.listening(lambda step: steps.append(f"{step.step} {step.detail}")):
        assert (await stored.prove()).outcome == "passed"
    assert f"proof.leftovers removing {left} of a proof that was killed" in steps
    assert scratch_folders() == []


async def test_a_folder_in_use_stays(scratch_home: Path) -> None:
    with scratch_folder() as folder:
        remove_leftovers()
        assert folder.exists()
    remove_leftovers()
    assert not folder.exists()


async def test_a_folder_of_another_user_stays(scratch_home: Path) -> None:
    foreign = scratch_home / "retail-proof-foreign"
    foreign.mkdir()
    (foreign / "lock").touch()
    os.chown(foreign, 65534, 65534)
    remove_leftovers()
    assert foreign.exists()


async def test_no_place_for_a_server(
    stored: StoredBackup, scratch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(scratch_home / "nowhere"))
    with pytest.raises(ScratchServerFailed, match="no scratch server can be made in"):
        await stored.prove()
