"""Killed at any named step of a load, the warehouse holds whole deliveries; the next run completes it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tasks.warehouse.connect import ConnectionSettings, connected
from tasks.warehouse.fingerprint import Fingerprint
from tasks.warehouse.finish import FOREIGN_KEYS, PRIMARY_KEY
from tests.plain_run import assert_accounted, run, state
from tests.tasks.warehouse.slices import fresh_warehouse
from tasks.warehouse.embedded import EmbeddedServer

PROJECT = Path(__file__).parents[3]
DAYS = ("2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05")
# Between the first COPY and the COMMIT: dimensions_copied, facts_copied, vouchers_copied, part_added,
# withdrawn, accounted. Between the last COMMIT and the finishing steps: the last load.committed.
BULK = (
    ("load.locked", 1),
    ("load.ledger_written", 1),
    ("load.dimensions_copied", 1),
    ("load.facts_copied", 1),
    ("load.vouchers_copied", 2),
    ("load.part_added", 2),
    ("load.accounted", 2),
    ("load.committed", 1),
    ("load.committed", 2),
    ("finish.indexes", 1),
    ("finish.constraints", 1),
    ("finish.analyse", 1),
)
INCREMENTAL = (
    ("load.ledger_written", 1),
    ("load.dimensions_copied", 1),
    ("load.facts_copied", 1),
    ("load.vouchers_copied", 1),
    ("load.withdrawn", 1),
    ("load.accounted", 1),
    ("load.committed", 1),
)


@pytest.fixture(scope="module")
def deliveries(days: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days, the second and third overlapping."""
    folder = tmp_path_factory.mktemp("deliveries")
    for day in DAYS:
        shutil.copy(days / f"{day}.csv", folder)
    overlap = (days / "2010-12-02.csv").read_text().splitlines(keepends=True)
    with open(folder / "2010-12-03.csv", "a") as file:
        file.writelines(overlap[1:600])
    return folder


def _changed(deliveries: Path, folder: Path) -> Path:
    """The same names with other content: lines gone, lines moved, lines added."""
    folder.mkdir()
    for number, day in enumerate(DAYS):
        head, *lines = (deliveries / f"{day}.csv").read_text().splitlines(keepends=True)
        further = (deliveries / f"{DAYS[number - 1]}.csv").read_text().splitlines(keepends=True)[-40:]
        (folder / f"{day}.csv").write_text("".join([head, *lines[30:], *further]))
    return folder


@pytest.fixture(scope="module")
def whole(
    server: EmbeddedServer, template: str, deliveries: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Fingerprint]:
    """The fingerprints of one clean load of the first contents, and of the changed ones."""

    async def load(sources: Path) -> Fingerprint:
        async with fresh_warehouse(server, template) as warehouse:
            await run(warehouse, tmp_path_factory.mktemp("clean"), [sources])
            return await state(warehouse)

    changed = _changed(deliveries, tmp_path_factory.mktemp("changed") / "in")
    return {"first": asyncio.run(load(deliveries)), "changed": asyncio.run(load(changed))}


async def _kill(warehouse: ConnectionSettings, workspace: Path, step: str, times: int, sources: Path) -> None:
    arguments = [warehouse.host, warehouse.database, str(workspace), step, str(times), str(sources)]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.tasks.warehouse.killed_load",
        *arguments,
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    assert child.returncode == -signal.SIGKILL, err.decode()
    assert out.decode().strip() == step


async def _assert_whole_deliveries(warehouse: ConnectionSettings) -> None:
    """What is there is whole: the ledger's rows are the facts', delivery by delivery."""
    async with connected(warehouse) as connection:
        # The killed client's backend may take a moment to notice.
        for _ in range(200):
            if not await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
                "and backend_type = 'client backend'"
            ):
                break
            await asyncio.sleep(0.05)
    await assert_accounted(warehouse)


async def _assert_complete(warehouse: ConnectionSettings, expected: Fingerprint) -> None:
    assert await state(warehouse) == expected
    await assert_accounted(warehouse)
    async with connected(warehouse) as connection:
        names = await connection.fetch(
            "select conname from pg_constraint where conrelid = 'retail_dwh.fact_sale'::regclass"
        )
        assert {*FOREIGN_KEYS, PRIMARY_KEY} <= {row[0] for row in names}
        assert await connection.fetchval("select count(*) from retail_ops.delivery") == len(DAYS)


@pytest.mark.parametrize(("step", "times"), BULK)
async def test_killed_in_a_fresh_warehouse(
    warehouse: ConnectionSettings,
    tmp_path: Path,
    deliveries: Path,
    whole: dict[str, Fingerprint],
    step: str,
    times: int,
) -> None:
    await _kill(warehouse, tmp_path, step, times, deliveries)
    await _assert_whole_deliveries(warehouse)
    async with connected(warehouse) as connection:
        loaded = await connection.fetchval("select count(*) from retail_ops.delivery")
    if step == "load.committed" or step.startswith("finish") or times == 2:
        assert loaded > 0
    else:
        assert loaded == 0
    await run(warehouse, tmp_path, [deliveries])
    await _assert_complete(warehouse, whole["first"])


@pytest.mark.parametrize(("step", "times"), INCREMENTAL)
async def test_killed_in_a_replacement(
    warehouse: ConnectionSettings,
    tmp_path: Path,
    deliveries: Path,
    whole: dict[str, Fingerprint],
    step: str,
    times: int,
) -> None:
    incoming = tmp_path / "in"
    shutil.copytree(deliveries, incoming)
    await run(warehouse, tmp_path / "workspace", [incoming])
    before = await state(warehouse)
    shutil.rmtree(incoming)
    _changed(deliveries, incoming)
    await _kill(warehouse, tmp_path / "workspace", step, times, incoming)
    await _assert_whole_deliveries(warehouse)
    assert (await state(warehouse) == before) == (step != "load.committed")
    await run(warehouse, tmp_path / "workspace", [incoming], replace_anyway=True)
    await _assert_complete(warehouse, whole["changed"])
