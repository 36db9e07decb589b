"""``retail etl`` with a mapping, and ``retail map`` that proposes one."""

from __future__ import annotations

import asyncio
import json
import tomllib
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from flows.request import EtlRequest
from flows.run_request import RunRequest
from tasks.errors import SettingsError
from tasks.ingest.mapping.load import load_mapping
from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.deliveries import ROW, as_csv, write
from tests.support.till_export import TOML, Item, Receipt, lines, write_export

TEA = Item("", "401234", "Tea", 1, Decimal("2.5000"))
RECEIPTS = (
    Receipt(
        1, 7, datetime(2011, 5, 2, 9, 30), "17850", "France", (Item("MUG", "", "Mug", 2, Decimal(1250)), TEA)
    ),
    Receipt(1, 8, datetime(2011, 5, 2, 9, 31), "17850", "France", (TEA,)),
)


def test_a_mapped_delivery_is_loaded_and_read_on(retail: Retail, tmp_path: Path) -> None:
    export = write_export(tmp_path / "till.csv", RECEIPTS)
    mapping = write(tmp_path / "till.toml", TOML)
    first = retail("etl", str(export), "--mapping", str(mapping), "--json")
    assert first.code == 0, first.err
    assert first.report["outcomes"] == {"loaded": 1}
    assert first.report["rows_loaded"] == len(lines(RECEIPTS))
    assert first.report["feed"]["mapping"].startswith("till (")
    assert first.report["notes"] == [
        "By default, where the deliveries do not tell it: currency GBP, timezone Europe/London. The feed keeps it; "
        "--currency and --timezone with its first load say otherwise."
    ]
    (delivery,) = first.report["deliveries"]
    assert delivery["notes"] == ["3 rows are no lines by the mapping (Kind = card: 2, footer: 1)."]
    assert (delivery["rows_in"], delivery["rows_passed_over"]) == (6, 3)
    assert first.report["rows_in"] == 6
    assert first.report["passed_over_by_reason"] == delivery["passed_over"]
    assert delivery["passed_over"]["Kind = card"] == {"rows": 2, "amounts": {}}
    listed = retail("deliveries", "--json").report["deliveries"]
    assert [row["passed_over"] for row in listed] == [delivery["passed_over"]]
    assert listed[0]["notes"] == delivery["notes"]

    # The file says something else by now: the feed reads on by what it keeps, and says so.
    write(mapping, TOML.replace('["Article", "Barcode"]', '"Barcode"'))
    second = retail("etl", str(export), "--mapping", str(mapping))
    assert second.code == 0, second.err
    assert "nothing new" in second.out
    assert "run again with --take-mapping" in " ".join(second.out.split())
    third = retail("etl", str(export), "--mapping", str(mapping), "--take-mapping", "--json")
    assert third.report["outcomes"] == {"replaced": 1}
    assert third.report["notes"] == []


async def _attempt(warehouse: ConnectionSettings) -> asyncpg.Record:
    async with connected(warehouse) as connection:
        (row,) = await connection.fetch(
            "select outcome, rows_in, rows_passed_over, rows_quarantined, passed_over from retail_ops.delivery_attempt"
        )
    return row


def test_score_and_gate_are_those_of_the_lines(
    retail: Retail, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    faulty = Item("MUG", "", "Mug", 0, Decimal(1))
    receipts = [
        Receipt(1, number, datetime(2011, 5, 2, 9, number), "17850", "France", (TEA, faulty))
        for number in range(30)
    ]
    export, mapping = write_export(tmp_path / "till.csv", receipts), write(tmp_path / "till.toml", TOML)
    result = retail("etl", str(export), "--mapping", str(mapping), "--json")
    assert result.code == 3
    assert (result.report["rows_in"], result.report["rows_refused"]) == (0, 91)
    assert "only 50.0 % of its lines are usable" in result.err
    attempt = asyncio.run(_attempt(warehouse))
    assert tuple(attempt)[:-1] == ("refused", 91, 31, 30)
    assert json.loads(attempt["passed_over"])["Kind = card"] == {"rows": 30, "amounts": {}}


@pytest.mark.slow
def test_rows_that_are_no_lines_are_told_and_not_scored(retail: Retail, tmp_path: Path) -> None:
    mapping = write(tmp_path / "till.toml", TOML)
    empty = write_export(tmp_path / "part-1.csv", ())
    alone = retail("etl", str(empty), "--mapping", str(mapping), "--json")
    assert alone.code == 1
    assert "it has no sales line: 1 row is no line by the mapping (footer: 1)." in alone.err
    write(tmp_path / "_SUCCESS", "")
    part = retail("etl", str(empty), "--mapping", str(mapping), "--json")
    assert part.report["outcomes"] == {"empty": 1}
    assert part.report["deliveries"][0]["passed_over"] == {"footer": {"rows": 1, "amounts": {}}}
    assert "1 row is no line" in part.report["deliveries"][0]["notes"][0]


@pytest.mark.slow
def test_columns_and_constants_as_flags(retail: Retail, tmp_path: Path) -> None:
    names = ["InvoiceNo", "StockCode", "Description", "total = qty", "InvoiceDate", "Price", "CustomerID"]
    path = write(tmp_path / "day.csv", as_csv([ROW[:7]], names))
    unknown = retail("etl", str(path))
    assert unknown.code == 1
    assert "Missing: quantity, country" in unknown.err
    flags = ("--column", "total = qty=Quantity", "--constant", "Country=France = far", "--json")
    loaded = retail("etl", str(path), *flags)
    assert loaded.code == 0, loaded.err
    assert loaded.report["outcomes"] == {"loaded": 1}
    assert loaded.report["top_countries"][0]["country"] == "France = far"
    assert loaded.report["parameters"]["columns"] == {"total = qty": "Quantity"}
    wrong = retail("etl", str(path), "--column", "qty")
    assert wrong.code == 2
    assert "'qty' is not written as NAME=VALUE" in " ".join(wrong.err.split())


def test_a_mapping_with_an_unknown_key(retail: Retail, tmp_path: Path) -> None:
    mapping = write(tmp_path / "till.toml", TOML.replace("code_else", "codeelse"))
    result = retail("etl", str(tmp_path / "till.csv"), "--mapping", str(mapping))
    assert result.code == 2
    assert "[line] 'codeelse' is no key of a mapping. Did you mean code_else?" in " ".join(result.err.split())
    with pytest.raises(SettingsError):
        RunRequest.of(EtlRequest(sources="day.csv", mapping=str(mapping))).ensure_valid()
    # Another machine's file is not looked at.
    RunRequest.of(EtlRequest(sources="day.csv", mapping=str(mapping))).ensure_valid(runs_elsewhere=True)
    without = retail("etl", str(tmp_path / "till.csv"), "--take-mapping")
    assert without.code == 2
    assert "take_mapping: no mapping is given." in without.err


def test_map_proposes_a_mapping_that_loads_once_it_is_filled_in(retail: Retail, tmp_path: Path) -> None:
    names = ["Order ID", "SKU", "Text", "Pcs", "Order Date", "Price Each", "Customer No", "Country"]
    path = write(tmp_path / "My shop.csv", "Orders of May\n;;;;;;;\n" + as_csv([ROW], names, delimiter=";"))
    result = retail("map", str(path))
    assert result.code == 0, result.err
    assert "header in row 3, separated by semicolon" in result.out
    assert '# quantity = "…"  # needed' in result.out
    assert "#   Quantity" in result.out
    assert "#   SKU          85123A" in result.out
    content = tomllib.loads(result.out)
    assert content["name"] == "my_shop"
    assert content["line"]["invoice"] == ["Order ID"]
    assert "description" not in content["line"]  # nothing is chosen because it is similar

    filled = result.out.replace('# quantity = "…"', 'quantity = "Pcs"')
    mapping = write(tmp_path / "my.toml", filled)
    assert load_mapping(mapping).notation.header_within == 3
    # Nothing is taken for pounds and London's time in silence.
    asked = retail("etl", str(path), "--mapping", str(mapping))
    assert asked.code == 2
    assert "currency: no column tells it; timezone: no offset is seen in its times" in " ".join(
        asked.err.split()
    )
    told = ("--currency", "GBP", "--timezone", "Europe/London")
    loaded = retail("etl", str(path), "--mapping", str(mapping), *told, "--json")
    assert loaded.report["outcomes"] == {"loaded": 1}, loaded.err
    assert [note for note in loaded.report["notes"] if note.startswith("By default")] == []

    as_json = retail("map", str(path), "--json").report
    assert as_json["delimiter"] == ";"
    assert as_json["columns"][1] == {"name": "SKU", "values": ["85123A"]}
    assert as_json["mapping"] in result.out
    assert as_json["undecided"] == ['Quantity; perhaps "Pcs"']


def test_map_shows_no_value_of_a_person(retail: Retail, tmp_path: Path) -> None:
    names = ["Order ID", "SKU", "Qty", "Order Date", "Price Each", "Buyer Name", "Account"]
    row = ["1", "MUG", "2", "2011-05-02 09:30", "2.50", "Jo Clay", "till@shop.example"]
    path = write(tmp_path / "shop.csv", as_csv([row], names))
    shown, as_json = retail("map", str(path)), retail("map", str(path), "--json")
    assert shown.code == as_json.code == 0
    assert "#   Buyer Name  (not shown: of a person)" in shown.out
    assert "MUG" in shown.out
    for told in (shown.out, as_json.out):
        assert "Jo Clay" not in told
        assert "till@" not in told


@pytest.mark.slow
def test_the_summary_tells_why_lines_are_quarantined(retail: Retail, tmp_path: Path) -> None:
    mapping = write(tmp_path / "till.toml", TOML)
    export = write_export(tmp_path / "till.csv", RECEIPTS)
    write(export, export.read_text().replace("item", "swap", 1))
    ended = retail("etl", str(export), "--mapping", str(mapping), "--threshold", "50")
    shown = "".join(ended.out.split())  # the terminal breaks lines anywhere in a long path
    assert "till.csv:1line.Thefirst:line" in shown
    assert "hasawordthatthemappingdoesnotknow:swap(amount" in shown


def test_map_of_a_file_that_holds_no_columns(retail: Retail, tmp_path: Path) -> None:
    path = write(tmp_path / "words.csv", "just a line\nand another\n")
    result = retail("map", str(path))
    assert result.code == 1
    assert "none of its first records has several fields" in result.err
    assert retail("map", str(tmp_path / "none.csv")).code == 1
