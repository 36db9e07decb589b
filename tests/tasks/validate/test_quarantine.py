"""Lines that break an error rule are quarantined with their content, the rules and their line number."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from tasks.validate.silver import _quarantine as _quarantined
from tests.support.deliveries import NAMES, ROW, as_csv, row, write
from tests.support.lines import bronze, lines_of, validate_sources


def _quarantine(folder: Path, content: str) -> pl.DataFrame:
    silver = validate_sources(folder / "w", [write(folder / "day.csv", content)])
    frame = pl.read_parquet(silver.quarantine)
    assert lines_of(silver).height + frame.height == silver.deliveries[0].rows_in
    assert frame.height == silver.deliveries[0].rows_quarantined
    return frame


def test_columns_as_json(tmp_path: Path) -> None:
    bad = row(quantity=" six", unit_price="2.55001", customer_id="", description='a "b",\nc £')
    frame = _quarantine(tmp_path, as_csv([row(), bad, row(description="other")]))
    ((name, line_no, rules, values, raw),) = frame.rows()
    assert (name, line_no) == (str(tmp_path / "day.csv"), 2)
    assert rules == ["quantity_readable", "unit_price_exact"]
    assert values == [" six", "2.55001"]
    delivered = dict(
        zip(NAMES, [*ROW[:2], 'a "b",\nc £', " six", ROW[4], "2.55001", None, ROW[7]], strict=True)
    )
    assert json.loads(raw) == delivered
    assert list(json.loads(raw)) == list(NAMES)


def test_row_that_cannot_be_split_as_raw_text(tmp_path: Path) -> None:
    frame = _quarantine(tmp_path, as_csv([row()]) + 'short,"ro\nw £",x\n')
    assert frame.select("line_no", "rules", "raw").rows() == [
        (2, ["row_complete"], 'short,"ro'),
        (3, ["row_complete"], 'w £",x'),
    ]


def test_the_value_of_each_rule(tmp_path: Path) -> None:
    broken = [
        row(invoice_no=None, invoice_date="tomorrow"),
        row(quantity="2000000000", unit_price="999999999", customer_id="x" * 300),
        row(invoice_date="2011-03-27 01:30:00"),
    ]
    frame = _quarantine(tmp_path, as_csv(broken) + "short\n")
    by_line = {
        line: dict(zip(rules, values, strict=True))
        for line, rules, values in frame.select("line_no", "rules", "values").rows()
    }
    assert by_line[1] == {"invoice_no_present": None, "sold_at_readable": "tomorrow"}
    assert by_line[2] == {"total_amount_in_range": "999999999", "customer_id_storable": "x" * 200}
    assert by_line[3] == {"sold_at_exists": "2011-03-27 01:30:00"}
    assert list(by_line[4]) == ["row_complete"]
    assert by_line[4]["row_complete"]


def test_only_error_rules_are_listed(tmp_path: Path) -> None:
    frame = _quarantine(tmp_path, as_csv([row(quantity="0", customer_id=None, unit_price="0")]))
    assert frame.get_column("rules").to_list() == [["quantity_not_zero"]]


def test_warnings_do_not_quarantine(tmp_path: Path) -> None:
    lines = [row(), row(), row(customer_id=None), row(description=None), row(unit_price="0")]
    assert _quarantine(tmp_path, as_csv(lines)).height == 0


def test_nul_is_escaped_as_postgres_cannot_store_it(tmp_path: Path) -> None:
    content = as_csv([row(description="a\0b")]) + "sho\0rt,row\n"
    raws = _quarantine(tmp_path, content).get_column("raw").to_list()
    assert json.loads(raws[0])["Description"] == "a\0b"
    assert raws[1] == "sho\\u0000rt,row"
    assert not any("\0" in raw for raw in raws)


def test_lines_of_several_deliveries(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "d" / f"{number}.csv", as_csv([*[row()] * number, row(quantity="0")]))
    silver = validate_sources(tmp_path / "w", [tmp_path / "d"])
    frame = pl.read_parquet(silver.quarantine)
    assert [(Path(name).stem, line) for name, line in frame.select("delivery", "line_no").iter_rows()] == [
        ("0", 1),
        ("1", 2),
        ("2", 3),
    ]


def test_identical_lines_are_both_quarantined(tmp_path: Path) -> None:
    frame = _quarantine(tmp_path, as_csv([row(quantity="0"), row(), row(quantity="0")]))
    assert frame.get_column("line_no").to_list() == [1, 3]


def test_csv_and_parquet_in_one_batch(tmp_path: Path) -> None:
    bad = dict(zip(NAMES, row(quantity="0"), strict=True))
    sources = [write(tmp_path / "a.csv", as_csv([row(quantity="0")])), tmp_path / "b.parquet"]
    pl.DataFrame([bad, bad]).write_parquet(sources[1])
    silver = validate_sources(tmp_path / "w", sources)
    assert silver.parts == 2
    assert pl.read_parquet(silver.quarantine).select("delivery", "line_no").rows() == [
        (str(sources[0]), 1),
        (str(sources[1]), 1),
        (str(sources[1]), 2),
    ]


def test_line_shows_its_attributes_as_an_object(tmp_path: Path) -> None:
    names = [*NAMES, "Aisle"]
    bad = row(quantity="six")
    frame = _quarantine(tmp_path, as_csv([(*row(), "A"), (*bad, 'a "b"'), (*bad, None)], names))
    first, second = map(json.loads, frame.get_column("raw"))
    assert first == dict(zip(NAMES, bad, strict=True)) | {"attributes": {"Aisle": 'a "b"'}}
    assert second == dict(zip(NAMES, bad, strict=True)) | {"attributes": None}


def test_line_shows_what_only_a_mapping_tells(tmp_path: Path) -> None:
    told = {"amount": "9.00", "kind": "tip", "store": "North", "invoice_attributes": '{"total":"9.00"}'}
    lines = bronze({"quantity": "six", **told})
    errors = pl.DataFrame({"row": [0], "rule": ["quantity_readable"], "severity": ["error"]})
    raw = json.loads(_quarantined(lines, errors).item(0, "raw"))
    assert raw.pop("Store") == told.pop("store")
    assert {name: raw[name] for name in told} == {**told, "invoice_attributes": {"total": "9.00"}}
    assert "discount" not in raw


def test_attributes_pass_into_silver(tmp_path: Path) -> None:
    text = as_csv([(*row(), "A"), (*row(), None)], [*NAMES, "Aisle"])
    lines = lines_of(validate_sources(tmp_path / "w", [write(tmp_path / "day.csv", text)]))
    assert lines.get_column("attributes").to_list() == ['{"Aisle":"A"}', None]
