"""Words for a missing value are missing where a column may be empty, and an error where it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.ingest import source_file
from tasks.ingest.readers import csv, parts
from tasks.validate.missing_words import DEFAULT_WORDS, checked_words
from tasks.validate.namibia import both_settings
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import (
    broken_rules,
    bronze,
    lines_of,
    normalise_values,
    typed_lines,
    validate_sources,
)

WRITTEN = [
    *("nan", "NaN", "NAN", "NULL", "null", "Null", "NA", "N/A", "n/a", "#N/A", "\\N"),
    *("None", "NaT", "<NA>", "(null)", "[NULL]", " nan "),
]
OPTIONAL = ("description", "country", "customer_id")


@pytest.mark.parametrize("column", OPTIONAL)
def test_missing_in_an_optional_column(column: str) -> None:
    assert normalise_values(column, WRITTEN, column) == [None] * len(WRITTEN)


def test_a_word_is_the_same_line_as_an_empty_value() -> None:
    words = [dict.fromkeys(OPTIONAL, word) for word in ("nan", "NULL", None, "")]
    assert len({typed_lines(bronze(line)).get_column("line_id").item() for line in words}) == 1


@pytest.mark.parametrize("column", ["invoice_no", "stock_code"])
@pytest.mark.parametrize("word", ["nan", "NA", "\\N", "none"])
def test_an_error_in_a_required_column(column: str, word: str) -> None:
    (broken,) = broken_rules({column: word})
    assert {name for name, *_ in broken} == {f"{column}_present"}


def test_other_text_is_no_missing_value() -> None:
    texts = ["-", ".", "?", "nanny", "NULL MUG", "N", "Nat's mug", "0", "#REF!"]
    assert normalise_values("description", texts, "description") == texts


def test_words_of_the_feed_replace_the_usual_ones() -> None:
    texts = ["-", "null", "nan", "NA"]
    for column in ("description", "country"):
        kept = normalise_values(column, texts, column, missing_words=checked_words("NULL, -"))
        assert kept == [None, None, "nan", "NA"]
        assert normalise_values(column, texts, column, missing_words="none") == texts


def test_a_number_may_stand_for_a_missing_customer() -> None:
    assert normalise_values("customer_id", ["0", "10", "9999"], "customer_id", missing_words="0,9999") == [
        None,
        10,
        None,
    ]


def test_a_word_may_have_any_characters() -> None:
    words = ["-", ".", "a b", "*", "(x)", "\\N", "<na>", "é", "^$", "%"]
    for word in words:
        texts = [word, word.upper(), f"{word}{word}", "x"]
        kept = normalise_values("description", texts, "description", missing_words=checked_words(word))
        assert kept == [None, None, *texts[2:]]


def test_a_list_of_words_has_one_spelling() -> None:
    assert checked_words("null, -,NULL,") == checked_words("-,Null") == "-,NULL"
    assert checked_words(" None ") == "none"
    assert checked_words("none,nan") == "NAN,NONE"


def test_the_odd_file(tmp_path: Path) -> None:
    rows = [row(invoice_no=f"M{number}") for number in range(30)]
    for number, word in enumerate(("nan", "NULL", "\\N"), 31):
        rows.append(row(invoice_no=f"M{number}", description=word, customer_id=None, country=word))
    rows += [row(invoice_no="M34", stock_code="nan"), row(invoice_no="nan")]
    silver = validate_sources(tmp_path / "w", [write(tmp_path / "day.csv", as_csv(rows))])
    lines = lines_of(silver)
    assert lines.height == 33
    assert (
        lines.tail(3).select("description", "customer_number", "country").rows() == [(None, None, None)] * 3
    )
    (quality,) = silver.deliveries
    assert [(sample.line, sample.rule, sample.value) for sample in quality.samples] == [
        (34, "stock_code_present", "nan"),
        (35, "invoice_no_present", "nan"),
    ]


def _unclear(folder: Path, *countries: str | None, missing_words: str | None = None) -> str:
    rows = [row(country=country) for country in countries]
    path = write(folder / "day.csv", as_csv(rows))
    (quality,) = validate_sources(folder / "w", [path], missing_words=missing_words).deliveries
    return quality.unclear_missing


@pytest.mark.parametrize(
    ("countries", "message"),
    [
        (
            ("GB", "NA", "FR"),
            "its country NA (line 2) may be Namibia, as FR among its countries is a code, or a missing value.",
        ),
        (
            ("United Kingdom", "gb", " na "),
            "its country NA (line 3) may be Namibia, as gb among its countries is a code, or a missing value.",
        ),
        (("NA", "", "NULL", "NA"), "its country NA (line 1) may be Namibia or a missing value."),
        (("United Kingdom", "NA"), ""),
        (("GB", "NULL"), ""),
        (("GB", None), ""),
    ],
)
def test_na_among_codes_is_asked_for(tmp_path: Path, countries: tuple[str | None, ...], message: str) -> None:
    assert _unclear(tmp_path, *countries) == message


def test_na_is_settled_by_either_list(tmp_path: Path) -> None:
    message = both_settings()
    for words in (checked_words(part) for part in message.split('"')[1::2]):
        assert _unclear(tmp_path, "GB", "NA", missing_words=words) == ""
        read = normalise_values("country", ["NA", "nan"], "country", missing_words=words)
        assert read == ([None, None] if "NA" in words.split(",") else ["NA", None])


def test_na_is_found_over_all_parts_of_a_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 200)
    monkeypatch.setattr(csv, "PEEK", 100)
    monkeypatch.setattr(parts, "ROWS_PER_PART", 3)
    assert "line 5" in _unclear(tmp_path, "GB", *["FR"] * 3, "NA", *["FR"] * 9)


def test_the_usual_words_are_in_their_one_spelling() -> None:
    assert {*checked_words(",".join(DEFAULT_WORDS)).split(",")} == {*DEFAULT_WORDS}
