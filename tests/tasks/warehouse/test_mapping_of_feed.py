"""A feed keeps its mapping and goes on reading by it; another one is taken only when asked for."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.errors import FeedConflict, UnknownHeader
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run, state
from tests.support.slices import invoices, write
from tests.support.till_export import TOML, Item, Receipt, lines, mapping, write_export

FEED = Feed()
MUG, TEA = Item("MUG", "", "Mug", 2, Decimal("1250.0000")), Item("", "401234", "Tea", 1, Decimal("2.5000"))
RECEIPTS = (
    Receipt(1, 7, datetime(2011, 5, 2, 9, 30), "17850", "France", (MUG, TEA, TEA)),
    Receipt(1, 8, datetime(2011, 5, 2, 9, 31), "", "", (TEA,)),
)


def _with_title(title: str) -> str:
    return kept_text(load_mapping(f'title = "{title}"\n{TOML}').content)


def _other() -> str:
    return kept_text(load_mapping(TOML.replace('code = ["Article", "Barcode"]', 'code = "Barcode"')).content)


async def _ledger(warehouse: ConnectionSettings) -> tuple[str | None, list[str]]:
    async with connected(warehouse) as connection:
        kept = await connection.fetchval("select mapping from retail_ops.feed")
        rows = await connection.fetch("select reading_settings from retail_ops.delivery order by name")
    return kept, [row[0] for row in rows]


async def test_a_mapped_delivery_in_the_warehouse(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    # Without payments, so that line numbers are those of the lines.
    export = write_export(tmp_path / "till.csv", RECEIPTS, payments=False)
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    await assert_exactly(warehouse, {(FEED, str(export)): lines(RECEIPTS)})
    mapped = await state(warehouse)

    kept, settings = await _ledger(warehouse)
    assert kept == mapping()
    assert json.loads(settings[0])["mapping"] == "till"
    second = await run(warehouse, tmp_path / "workspace", [export])
    assert second.unchanged == (str(export),)
    assert await state(warehouse) == mapped


async def test_mapped_and_plain_lines_are_one_union(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.csv", lines(RECEIPTS))
    export = write_export(tmp_path / "till.csv", RECEIPTS)
    await run(warehouse, tmp_path / "workspace", [plain])
    alone = await state(warehouse)
    outcome = await run(warehouse, tmp_path / "workspace", [export], mapping=mapping(), take_mapping=True)
    assert (outcome.loaded[0].rows_loaded, outcome.loaded[0].rows_duplicate) == (0, 4)
    assert await state(warehouse) == alone


async def test_the_kept_mapping_reads_on_without_the_file(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS[:1])
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    later = write_export(tmp_path / "later.csv", RECEIPTS[1:])
    # Without a mapping, with another title, and with a mapping that reads otherwise.
    for asked in (None, _with_title("Tills of all shops"), _other()):
        outcome = await run(warehouse, tmp_path / "workspace", [export, later], mapping=asked)
        assert not outcome.failed
        assert str(export) in outcome.unchanged
    await assert_exactly(
        warehouse, {(FEED, str(export)): lines(RECEIPTS[:1]), (FEED, str(later)): lines(RECEIPTS[1:])}
    )
    assert (await _ledger(warehouse))[0] == mapping()


async def test_a_taken_mapping_replaces(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS, payments=False)
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    outcome = await run(warehouse, tmp_path / "workspace", [export], mapping=_other(), take_mapping=True)
    assert outcome.loaded[0].outcome == "replaced"
    by_barcode = [
        (number, "OPEN" if code == "MUG" else code, *rest) for number, code, *rest in lines(RECEIPTS)
    ]
    await assert_exactly(warehouse, {(FEED, str(export)): by_barcode})
    assert (await _ledger(warehouse))[0] == _other()
    again = await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    assert again.unchanged == (str(export),)


async def test_deliveries_without_a_mapping_stay_as_they_are(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "workspace", [day])
    assert await _ledger(warehouse) == (None, ["{}"])
    assert (await run(warehouse, tmp_path / "workspace", [day])).unchanged == (str(day),)
    with pytest.raises(FeedConflict, match="--take-mapping"):
        await run(warehouse, tmp_path / "workspace", [day], mapping=mapping())
    assert await _ledger(warehouse) == (None, ["{}"])


async def test_a_file_that_the_kept_mapping_does_not_fit_is_named(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS)
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(export.read_text().replace("Pieces", "Piece"))
    outcome = await run(warehouse, tmp_path / "workspace", [renamed])
    (error,) = outcome.failed
    assert isinstance(error, UnknownHeader)
    assert "unknown header for the mapping till" in error.message
    assert "Missing: 'Pieces' (most similar: 'Piece')" in error.message
