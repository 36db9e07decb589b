"""Nothing of a person reaches bronze: not a column, not the text of a broken row, not a note or an error."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from tasks.ingest.bronze import IngestResult, ingest
from tasks.ingest.discover import discover
from tasks.ingest.limits import ReadLimits
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.readers import parts
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import NAMES, ROW, as_csv, bronze_of, frame_of, write
from tests.support.small_mapping import SHOP

PERSON, STREET, CARD, MAIL = "Zsuzsanna Qvarnström", "14 Quiddity Lane", "4929", "zsuzsa@quiddity.example"
MARKS = ("Zsuzsanna", "Quiddity", "4929", "zsuzsa", "quiddity")
LISTED = f"""{SHOP}[persons]
columns = ["Who", "Suffix"]
starting = ["Ship "]
except = ["Ship Via"]
"""
LISTED_HEADER = "Order,SKU,Qty,Day,Price,Who,Suffix,Ship Lane,Ship Via,Aisle"
LISTED_LINE = f"1,S1,2,2011-05-02,1.50,{PERSON},{CARD},{STREET},van,B"


def _ingest(
    folder: Path,
    text: str | bytes,
    mapping: str | None = None,
    limits: ReadLimits | None = None,
    *,
    keeps: bool = False,
    name: str = "day.csv",
) -> IngestResult:
    path = write(folder / name, text)
    kept = kept_text(load_mapping(mapping).content) if mapping else None
    reading = ReadingSettings(mapping=kept, keeps_persons=keeps)
    return ingest(discover([str(path)]).deliveries, {}, folder / "workspace", limits or ReadLimits(), reading)


def _stored(result: IngestResult) -> str:
    """All that bronze, the report's notes and the errors hold."""
    told = [*(note for file in (result.bronze.deliveries if result.bronze else ()) for note in file.notes)]
    told += [str(error) for error in result.failed]
    told += [str(file.unfinished_value) for file in (result.bronze.deliveries if result.bronze else ())]
    rows = frame_of(result.bronze).write_ndjson() if result.bronze else ""
    return rows + "\n".join(told)


def _assert_nothing_of_a_person(result: IngestResult) -> None:
    stored = _stored(result)
    assert [mark for mark in MARKS if mark in stored] == []


def _attributes(result: IngestResult) -> list[dict[str, str] | None]:
    texts = frame_of(bronze_of(result)).get_column("attributes").to_list()
    return [None if text is None else json.loads(text) for text in texts]


def test_columns_that_the_mapping_lists_are_not_stored_but_told(tmp_path: Path) -> None:
    result = _ingest(tmp_path, f"{LISTED_HEADER}\n{LISTED_LINE}\n", LISTED)
    assert _attributes(result) == [{"Aisle": "B", "Ship Via": "van"}]
    assert bronze_of(result).deliveries[0].notes == (
        "Not stored, since listed in the mapping under [persons]: Who, Suffix, Ship Lane.",
    )
    _assert_nothing_of_a_person(result)


def test_columns_whose_names_speak_of_a_person_are_not_stored_but_told(tmp_path: Path) -> None:
    names = [*NAMES, "Customer Name", "Ship-Street", "Till"]
    result = _ingest(tmp_path, as_csv([(*ROW, PERSON, STREET, "7")], names))
    assert _attributes(result) == [{"Till": "7"}]
    assert bronze_of(result).deliveries[0].notes == (
        "Not stored, since named as if of a person: Customer Name, Ship-Street. [attributes] columns of a mapping keeps "
        "what is listed there.",
    )
    _assert_nothing_of_a_person(result)


def test_column_with_an_address_in_any_row_is_not_stored_of_any(tmp_path: Path) -> None:
    rows = [(*ROW, "Zsuzsanna", "7"), (*ROW, MAIL, "8")]
    result = _ingest(tmp_path, as_csv(rows, [*NAMES, "Login", "Till"]))
    assert _attributes(result) == [{"Till": "7"}, {"Till": "8"}]
    assert "Not stored, since with an @ in some value: Login." in bronze_of(result).deliveries[0].notes[0]
    _assert_nothing_of_a_person(result)


@pytest.mark.parametrize("reader", ["csv", "parquet"])
def test_address_in_a_later_part_takes_the_column_out_of_the_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    monkeypatch.setattr(parts, "ROWS_PER_PART", 2)
    monkeypatch.setattr("tasks.ingest.readers.parquet.ROWS_PER_PART", 2)
    rows = [(*ROW, "Zsuzsanna", str(till)) for till in range(5)]
    rows += [(*ROW, MAIL, "9")]
    if reader == "csv":
        broken = as_csv([(*ROW, PERSON, "7", "x")], names=[]).strip()
        result = _ingest(
            tmp_path, as_csv(rows[:1], [*NAMES, "Login", "Till"]) + broken + as_csv(rows[1:], names=[])
        )
    else:
        frame = pl.DataFrame(rows, schema=[*NAMES, "Login", "Till"], orient="row")
        frame.write_parquet(tmp_path / "day.parquet")
        found = discover([str(tmp_path / "day.parquet")]).deliveries
        result = ingest(found, {}, tmp_path / "workspace")
    assert bronze_of(result).parts > 1
    assert {"Till": "0"} in _attributes(result)
    _assert_nothing_of_a_person(result)


def test_other_deliveries_of_the_batch_keep_a_column_that_has_addresses_in_one(tmp_path: Path) -> None:
    for name, login in {"a.csv": "till 1", "b.csv": MAIL}.items():
        write(tmp_path / name, as_csv([(*ROW, login)], [*NAMES, "Login"]))
    result = ingest(discover([str(tmp_path / "*.csv")]).deliveries, {}, tmp_path / "workspace")
    assert _attributes(result) == [{"Login": "till 1"}, None]


def test_mapping_keeps_what_it_asks_for(tmp_path: Path) -> None:
    mapping = LISTED.replace(
        '[persons]\ncolumns = ["Who", "Suffix"]\nstarting = ["Ship "]\nexcept = ["Ship Via"]\n', ""
    )
    mapping += '\n[attributes]\ncolumns = ["Order Note", "Login"]\n'
    header = "Order,SKU,Qty,Day,Price,Order Note,Login,Phone"
    result = _ingest(tmp_path, f"{header}\n1,S1,2,2011-05-02,1.50,gift wrap,{MAIL},Zsuzsanna\n", mapping)
    assert _attributes(result) == [{"Login": MAIL, "Order Note": "gift wrap"}]


BROKEN = [
    pytest.param(f"{LISTED_LINE},more", id="too many fields"),
    pytest.param(f"1,S1,2,2011-05-02,1.50,{PERSON}", id="too few fields"),
    pytest.param(LISTED_LINE.replace(PERSON, f'"{PERSON}" Qvarn'), id="text behind a quote"),
    pytest.param(f'1,S1,2,2011-05-02,1.50,"{PERSON},{CARD}', id="quote that stays open"),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_row_that_could_not_be_split_is_length_hash_and_number_of_fields(tmp_path: Path, broken: str) -> None:
    result = _ingest(tmp_path, f"{LISTED_HEADER}\n{LISTED_LINE}\n{broken}\n{LISTED_LINE}\n", LISTED)
    raw = frame_of(bronze_of(result)).get_column("raw").drop_nulls().to_list()
    digest = hashlib.sha256(broken.encode()).hexdigest()
    fields = broken.count(",") + 1
    assert raw == [f"({len(broken.encode())} bytes, {fields} fields, SHA-256 {digest})"]
    _assert_nothing_of_a_person(result)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("limits", [ReadLimits(value_bytes=2_000), ReadLimits(line_bytes=2_000)])
def test_line_over_a_limit_shows_no_excerpt(tmp_path: Path, limits: ReadLimits, packed: bool) -> None:
    long = LISTED_LINE.replace("S1", "S" * 3_000)
    text = f"{LISTED_HEADER}\n{LISTED_LINE}\n{long}\n".encode()
    result = _ingest(
        tmp_path,
        gzip.compress(text) if packed else text,
        LISTED,
        limits,
        name="day.csv.gz" if packed else "day.csv",
    )
    (raw,) = frame_of(bronze_of(result)).get_column("raw").drop_nulls()
    assert raw == f"({len(long.encode())} bytes, SHA-256 {hashlib.sha256(long.encode()).hexdigest()})"
    _assert_nothing_of_a_person(result)


def test_row_of_other_files_keeps_its_text_unless_it_holds_an_address(tmp_path: Path) -> None:
    plain, marked = ",".join((*ROW, "7", "x")), ",".join((*ROW, MAIL, "x"))
    text = as_csv([(*ROW, "7")], [*NAMES, "Till"]) + f"{plain}\n{marked}\n"
    first, second = frame_of(bronze_of(_ingest(tmp_path, text))).get_column("raw").drop_nulls()
    assert first == plain
    assert second.startswith(f"({len(marked)} bytes, 10 fields, SHA-256 ")


def test_value_of_the_last_line_is_not_shown(tmp_path: Path) -> None:
    names = [*NAMES, "Customer Name"]
    text = as_csv([(*ROW, f"{PERSON} {number}") for number in range(12)], names) + ",".join(
        (*ROW, "Zsuzsanna")
    )
    result = _ingest(tmp_path, text)
    assert bronze_of(result).deliveries[0].unfinished_value == "(not shown)"
    _assert_nothing_of_a_person(result)


def test_cut_address_in_the_last_line_is_not_shown(tmp_path: Path) -> None:
    text = as_csv([(*ROW, f"{number}@x.example") for number in range(12)], [*NAMES, "Login"])
    _assert_nothing_of_a_person(_ingest(tmp_path, text + ",".join((*ROW, "zsuzsa"))))


def test_note_about_quotes_shows_no_value_that_is_not_read(tmp_path: Path) -> None:
    lines = "\n".join("\t".join((*ROW, value)) for value in ('"Zsuzsanna" Qvarn', "x"))
    header = "\t".join([*NAMES, "Customer Name"])
    result = _ingest(tmp_path, f"{header}\n{lines}\n")
    assert "Quotes are text in this file" in bronze_of(result).deliveries[0].notes[0]
    _assert_nothing_of_a_person(result)


@pytest.mark.parametrize("mapping", [None, LISTED], ids=["without a mapping", "with one"])
def test_first_line_of_a_file_without_a_header_is_not_shown(tmp_path: Path, mapping: str | None) -> None:
    result = _ingest(tmp_path, f"{LISTED_LINE},{MAIL}\n{LISTED_LINE},{MAIL}\n", mapping)
    (error,) = result.failed
    assert "11 values, which look like those of a line" in str(error)
    _assert_nothing_of_a_person(result)


def test_setting_keeps_them_in_bronze_apart_from_the_attributes(tmp_path: Path) -> None:
    text = f"{LISTED_HEADER},Login\n{LISTED_LINE},{MAIL}\n{LISTED_LINE}\n"
    rows = frame_of(bronze_of(_ingest(tmp_path, text, LISTED, keeps=True)))
    first, second = rows.get_column("persons")
    assert json.loads(first) == {"Login": MAIL, "Ship Lane": STREET, "Suffix": CARD, "Who": PERSON}
    assert second == LISTED_LINE
    assert [mark for mark in MARKS if mark in rows.drop("persons").write_ndjson()] == []
