"""A packed delivery is known by the hash of its file, and brings the lines that its text would."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.deliveries import row, write
from tests.support.packed import ROWS, TEXT, pack
from tests.support.plain_run import assert_accounted, run, state


@pytest.mark.parametrize("name", ["day.csv.gz", "day.txt.zst", "day.zip"])
async def test_packed_text_brings_the_lines_of_its_text_once(
    warehouse: ConnectionSettings, tmp_path: Path, name: str
) -> None:
    inbox = tmp_path / "in"
    write(inbox / "day.csv", TEXT)
    await run(warehouse, tmp_path / "w", [inbox])
    before = await state(warehouse)
    packed = pack(inbox / name, name.rpartition(".")[2])
    outcome = await run(warehouse, tmp_path / "w", [inbox])
    assert outcome.of(name).rows_duplicate == len(ROWS)
    assert await state(warehouse) == before
    assert (await run(warehouse, tmp_path / "w", [inbox])).loaded == ()

    pack(packed, name.rpartition(".")[2], TEXT + ",".join(str(value) for value in row(invoice_no="9")) + "\n")
    outcome = await run(warehouse, tmp_path / "w", [inbox])
    assert (outcome.of(name).rows_loaded, outcome.of(name).rows_duplicate) == (1, len(ROWS))
    await assert_accounted(warehouse)
    async with connected(warehouse) as connection:
        held = await connection.fetchval(
            "select content_hash from retail_ops.delivery where name = $1", str(packed)
        )
    assert held == hashlib.sha256(packed.read_bytes()).hexdigest()
