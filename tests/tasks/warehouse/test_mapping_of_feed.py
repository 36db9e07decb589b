"""A feed keeps its mapping and goes on reading by it; another one is taken only when asked for."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import FeedConflict, UnknownHeader
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import validate
from tasks.warehouse.load.transaction import load
from tests.conftest import open_folder
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import AS_OF, assert_accounted, new_run, run, start_run, state, take_out
from tests.support.slices import fresh_warehouse, invoices, write
from tests.support.soak import size
from tests.support.till_export import RECEIPTS, TOML, Item, Receipt, lines, mapping, write_export

FEED = Feed()
MUG, TEA = Item("MUG", "", "Mug", 2, Decimal("1250.0000")), Item("", "401234", "Tea", 1, Decimal("2.5000"))
RECEIPTS_OF_A_DAY = (
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
    export = write_export(tmp_path / "till.csv", RECEIPTS_OF_A_DAY, payments=False)
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    await assert_exactly(warehouse, {(FEED, str(export)): lines(RECEIPTS_OF_A_DAY)})
    mapped = await state(warehouse)

    kept, settings = await _ledger(warehouse)
    assert kept == mapping()
    assert json.loads(settings[0])["mapping"] == "till"
    second = await run(warehouse, tmp_path / "workspace", [export])
    assert second.unchanged == (str(export),)
    assert await state(warehouse) == mapped


async def test_mapped_and_plain_lines_are_one_union(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.csv", lines(RECEIPTS_OF_A_DAY))
    export = write_export(tmp_path / "till.csv", RECEIPTS_OF_A_DAY)
    await run(warehouse, tmp_path / "workspace", [plain])
    alone = await state(warehouse)
    outcome = await run(warehouse, tmp_path / "workspace", [export], mapping=mapping(), take_mapping=True)
    assert (outcome.loaded[0].rows_loaded, outcome.loaded[0].rows_duplicate) == (0, 4)
    assert await state(warehouse) == alone


def test_any_split_of_mapped_and_plain_deliveries_is_one_clean_load(
    server: EmbeddedServer, template: str
) -> None:
    @settings(max_examples=size(3, soak=200))
    @given(RECEIPTS, st.data())
    def check(receipts: list[Receipt], data: st.DataObject) -> None:
        mapped = data.draw(st.lists(st.sampled_from(receipts), unique=True))
        plain = [receipt for receipt in receipts if receipt not in mapped]
        shared = data.draw(st.lists(st.sampled_from(receipts), unique=True))
        asyncio.run(_assert_one_clean_load(server, template, receipts, mapped, [*plain, *shared]))

    check()


async def _assert_one_clean_load(
    server: EmbeddedServer,
    template: str,
    receipts: Sequence[Receipt],
    mapped: Sequence[Receipt],
    plain: Sequence[Receipt],
) -> None:
    # Of a receipt that a delivery has twice, equal lines are copies.
    plain = list(dict.fromkeys(plain))
    async with fresh_warehouse(server, template) as clean, fresh_warehouse(server, template) as mixed:
        folder = open_folder("retail-mapping-")
        workspace = folder / "workspace"
        await run(clean, workspace, [write(folder / "all.csv", lines(receipts))])
        if plain:
            await run(mixed, workspace, [write(folder / "plain.parquet", lines(plain))])
        if mapped:
            export = write_export(folder / "till.csv", mapped)
            await run(mixed, workspace, [export], mapping=mapping(), take_mapping=True)
            await assert_accounted(mixed)
        assert await state(mixed) == await state(clean)
        shutil.rmtree(folder)


async def test_the_kept_mapping_reads_on_without_the_file(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS_OF_A_DAY[:1])
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    later = write_export(tmp_path / "later.csv", RECEIPTS_OF_A_DAY[1:])
    # Without a mapping, with another title, and with a mapping that reads otherwise.
    for asked in (None, _with_title("Tills of all shops"), _other()):
        outcome = await run(warehouse, tmp_path / "workspace", [export, later], mapping=asked)
        assert not outcome.failed
        assert str(export) in outcome.unchanged
    await assert_exactly(
        warehouse,
        {(FEED, str(export)): lines(RECEIPTS_OF_A_DAY[:1]), (FEED, str(later)): lines(RECEIPTS_OF_A_DAY[1:])},
    )
    assert (await _ledger(warehouse))[0] == mapping()


async def test_a_taken_mapping_replaces(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS_OF_A_DAY, payments=False)
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    outcome = await run(warehouse, tmp_path / "workspace", [export], mapping=_other(), take_mapping=True)
    assert outcome.loaded[0].outcome == "replaced"
    by_barcode = [
        (number, "OPEN" if code == "MUG" else code, *rest) for number, code, *rest in lines(RECEIPTS_OF_A_DAY)
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
    export = write_export(tmp_path / "till.csv", RECEIPTS_OF_A_DAY)
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(export.read_text().replace("Pieces", "Piece"))
    outcome = await run(warehouse, tmp_path / "workspace", [renamed])
    (error,) = outcome.failed
    assert isinstance(error, UnknownHeader)
    assert "unknown header for the mapping till" in error.message
    assert "Missing: 'Pieces' (most similar: 'Piece')" in error.message


async def test_a_feed_that_another_run_gave_a_mapping_meanwhile(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS_OF_A_DAY)
    feed = FeedSettings(mapping=_other())
    ingested = ingest(discover([str(export)]).deliveries, {}, tmp_path / "workspace", reading=feed.reading)
    assert ingested.bronze is not None
    silver = validate(ingested.bronze, ValidationSettings(feed, AS_OF), tmp_path / "workspace")
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    this = new_run()
    await start_run(warehouse, this)
    with pytest.raises(FeedConflict, match="Another run has changed the mapping of feed default"):
        await load(warehouse, silver, silver.deliveries, this)
    assert (await _ledger(warehouse))[0] == mapping()


async def test_a_feed_that_another_run_loaded_without_a_mapping_meanwhile(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS_OF_A_DAY)
    feed = FeedSettings(mapping=mapping())
    ingested = ingest(discover([str(export)]).deliveries, {}, tmp_path / "workspace", reading=feed.reading)
    assert ingested.bronze is not None
    silver = validate(ingested.bronze, ValidationSettings(feed, AS_OF), tmp_path / "workspace")
    this = new_run()
    await start_run(warehouse, this)
    day = write(tmp_path / "day.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "workspace", [day])
    with pytest.raises(FeedConflict, match="holds lines that were read without a mapping"):
        await load(warehouse, silver, silver.deliveries, this)
    assert await _ledger(warehouse) == (None, ["{}"])


async def test_a_feed_without_deliveries_takes_any_mapping(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS_OF_A_DAY)
    await run(warehouse, tmp_path / "workspace", [export], mapping=mapping())
    await take_out(warehouse, str(export))
    await run(warehouse, tmp_path / "workspace", [export], mapping=_other())
    assert (await _ledger(warehouse))[0] == _other()
