"""The columns of a mapping are found by their names only, and the header behind a preamble."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DeliveryError, SettingsError, UnknownHeader
from tasks.ingest import source_file
from tasks.ingest.bronze import IngestResult, ingest
from tasks.ingest.discover import discover
from tasks.ingest.mapping.asked import asked_mapping
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import kept_mapping, load_mapping
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import ROW, as_csv, bronze_of, frame_of, ingest_sources, text_of, write
from tests.support.till_export import TOML

SHOP = """
schema = 1
name = "shop"
[signature]
known = ["Location"]
[read]
header_within = 4
[fill]
key = ["Order Name"]
columns = ["Created", "Location"]
[line]
invoice = ["Order Name"]
code = ["sku", "Lineitem sku"]
quantity = "Lineitem quantity"
country = ["Shipping Country", "Billing Country"]
[line.time]
columns = "Created"
[line.amount]
piece = "Lineitem price"
"""
NAMES = ["Order Name", "Created", "Lineitem sku", "Lineitem quantity", "Lineitem price", "Billing Country"]
VALUES = ["#1", "2011-05-02", "S1", "2", "1.50", "France"]
EXPECTED = ("#1", "S1", None, "2", "2011-05-02", "1.50", None, "France")


def _ingest(tmp_path: Path, text: str, mapping: str) -> IngestResult:
    path = write(tmp_path / "shop.csv", text)
    reading = ReadingSettings(mapping=mapping)
    return ingest(discover([str(path)]).deliveries, {}, tmp_path / "workspace", reading=reading)


def _by_shop(tmp_path: Path, text: str, change: tuple[str, str] = ("", "")) -> IngestResult:
    return _ingest(tmp_path, text, kept_text(load_mapping(SHOP.replace(*change)).content))


def _error(result: IngestResult) -> DeliveryError:
    (error,) = result.failed
    assert isinstance(error, UnknownHeader)
    return error


def test_case_blanks_underscores_and_order_of_columns_do_not_matter(tmp_path: Path) -> None:
    names = [
        " order  name",
        "CREATED",
        "Note",
        "Lineitem_Sku",
        "lineitem quantity",
        "Lineitem Price",
        "BillingCountry",
    ]
    text = as_csv([[*VALUES[:2], "x", *VALUES[2:]]], names, delimiter=";")
    bronze = bronze_of(_by_shop(tmp_path, text))
    assert text_of(frame_of(bronze)) == [EXPECTED]
    assert bronze.deliveries[0].ignored_columns == ("Note",)


@pytest.mark.parametrize("streamed", [False, True])
def test_the_header_stands_behind_a_preamble(
    tmp_path: Path, streamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if streamed:
        monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    preamble = 'Orders of May, "all" shops\r\n,,,,,\r\n   \r\n\r\n'
    rows = frame_of(bronze_of(_by_shop(tmp_path, preamble + as_csv([VALUES], NAMES))))
    assert text_of(rows) == [EXPECTED]
    assert rows.get_column("line_no").to_list() == [1]


def test_a_header_that_comes_too_late_is_not_looked_for(tmp_path: Path) -> None:
    text = "a,b\n" * 4 + as_csv([VALUES], NAMES)
    assert "Missing: 'Order Name'" in _error(_by_shop(tmp_path, text)).message


def test_a_missing_column_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    text = "Orders of May\n" + as_csv([VALUES], [*NAMES[:3], "Lineitem quantitty", *NAMES[4:]])
    message = _error(_by_shop(tmp_path, text)).message
    assert "unknown header for the mapping shop. Found: 'Order Name', 'Created'" in message
    assert "Missing: 'Lineitem quantity' (most similar: 'Lineitem quantitty')." in message


def test_of_a_list_of_columns_one_must_be_there(tmp_path: Path) -> None:
    text = as_csv([VALUES], [*NAMES[:2], "code", *NAMES[3:]])
    assert "Missing: 'sku'" in _error(_by_shop(tmp_path, text)).message


def test_a_filled_column_must_be_there_unless_the_signature_knows_it_as_optional(tmp_path: Path) -> None:
    text = as_csv([VALUES], NAMES)
    bronze_of(_by_shop(tmp_path, text))  # without Location
    located = as_csv([[*VALUES, "Leeds"]], [*NAMES, "Location"])
    assert bronze_of(_by_shop(tmp_path, located)).deliveries[0].ignored_columns == ("Location",)
    result = _by_shop(tmp_path, text, ('"Created", "Location"', '"Created", "Shipping"'))
    assert "Missing: 'Shipping'" in _error(result).message


def test_a_column_that_is_there_twice(tmp_path: Path) -> None:
    text = as_csv([[*VALUES, "Spain"]], [*NAMES, "Billing_Country"])
    rows = frame_of(bronze_of(_by_shop(tmp_path, text)))
    assert text_of(rows) == [EXPECTED]  # by its exact name
    result = _by_shop(tmp_path, text, ('"Billing Country"', '"billing country"'))
    message = _error(result).message
    assert "has a column of the mapping shop twice: 'Billing Country' and 'Billing_Country'" in message


def test_columns_and_constants_without_a_file(tmp_path: Path) -> None:
    asked = asked_mapping(
        "", {"no": "InvoiceNo", "pieces": "quantity"}, {"Country": "France", "CustomerID": ""}
    )
    names = ["no", "StockCode", "Description", "pieces", "InvoiceDate", "Price", "Quantity"]
    rows = frame_of(bronze_of(_ingest(tmp_path, as_csv([[*ROW[:6], "99"]], names), asked)))
    assert text_of(rows) == [(*ROW[:6], None, "France")]


def test_columns_and_constants_take_the_place_of_those_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "till.toml", TOML)
    asked = asked_mapping(str(path), {"EAN": "StockCode", "Number": "InvoiceNo"}, {"Country": "France"})
    line = kept_mapping(asked).line
    assert (line.columns["stock_code"], line.columns["invoice_no"]) == (("EAN",), ("Number",))
    assert line.code_else is None
    assert "country" not in line.columns
    assert line.constants == {"country": "France"}
    assert line.columns["unit_price"] == ("Price",)
    assert asked_mapping("", {}, {}) == ""


@pytest.mark.parametrize(
    ("columns", "constants", "message"),
    [
        ({"qty": "Quantty"}, {}, "--column: 'Quantty' is no column of a sales line. Did you mean Quantity?"),
        ({}, {"Land": "France"}, "--constant: 'Land' is no column of a sales line."),
        ({"Land": "Country"}, {"Country": "France"}, "Country has both a column and a constant."),
    ],
)
def test_a_column_that_is_none_of_ours(
    columns: dict[str, str], constants: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        asked_mapping("", columns, constants)
    assert message in str(raised.value)


def test_aliases_of_the_usual_names(tmp_path: Path) -> None:
    names = ["Order ID", "SKU", "Product Name", "Qty", "Order Date", "Price Each", "Customer No", "Country"]
    path = write(tmp_path / "shop.csv", as_csv([ROW], names))
    assert text_of(frame_of(bronze_of(ingest_sources(tmp_path / "workspace", path)))) == [ROW]


def test_an_alias_is_looked_at_only_for_a_column_that_is_not_there(tmp_path: Path) -> None:
    names = [
        "Invoice",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "Price",
        "CustomerID",
        "Country",
    ]
    path = write(tmp_path / "day.csv", as_csv([[*ROW, "9", "X", "Y"]], [*names, "Qty", "SKU", "Item Code"]))
    bronze = bronze_of(ingest_sources(tmp_path / "workspace", path))
    assert text_of(frame_of(bronze)) == [ROW]
    assert bronze.deliveries[0].ignored_columns == ("Qty", "SKU", "Item Code")


def test_two_aliases_of_a_column_are_not_chosen_from(tmp_path: Path) -> None:
    names = [
        "Order ID",
        "SKU",
        "Description",
        "Quantity",
        "Order Date",
        "Price",
        "CustomerID",
        "Country",
        "Item Code",
    ]
    path = write(tmp_path / "shop.csv", as_csv([[*ROW, "X"]], names))
    message = _error(ingest_sources(tmp_path / "workspace", path)).message
    assert "the header has one column twice: 'SKU' and 'Item Code'." in message
    assert f"Say which one it is: retail etl {path} --column 'Item Code=StockCode'" in message


def test_a_day_is_not_read_without_the_time_beside_it(tmp_path: Path) -> None:
    names = ["Invoice ID", "SKU", "Description", "Quantity", "Date", "Price", "CustomerID", "Country", "Time"]
    text = as_csv([[*ROW[:4], "2011-05-02", *ROW[5:], "13:08"]], names)
    path = write(tmp_path / "shop.csv", text)
    message = _error(ingest_sources(tmp_path / "workspace", path)).message
    # The message prints the command that loads it.
    assert message.endswith(f"run: retail etl {path} --column Date=InvoiceDate --column Time=InvoiceDate")
    asked = asked_mapping("", {"Date": "InvoiceDate", "Time": "InvoiceDate"}, {})
    rows = frame_of(bronze_of(_ingest(tmp_path, text, asked)))
    assert rows.get_column("invoice_date").to_list() == ["2011-05-02 13:08"]
