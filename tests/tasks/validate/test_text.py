"""Text is trimmed, codes become upper case, and blank text becomes null."""

from __future__ import annotations

import pytest

from tests.support.lines import normalise_values

TEXT_COLUMNS = ("invoice_no", "stock_code", "description", "country")


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_blank_text_is_null(column: str) -> None:
    assert normalise_values(column, [None, "", " ", "\t\r\n", "\u00a0"], column) == [None] * 5


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_text_is_trimmed_at_its_ends_only(column: str) -> None:
    assert normalise_values(column, [" A  B\n", "\tÉ;\u00a0"], column) == ["A  B", "É;"]


@pytest.mark.parametrize("column", ["invoice_no", "stock_code"])
def test_codes_become_upper_case(column: str) -> None:
    assert normalise_values(column, ["c536379", "85123a", "é", "gift_0001_20"], column) == [
        "C536379",
        "85123A",
        "É",
        "GIFT_0001_20",
    ]


@pytest.mark.parametrize("column", ["description", "country"])
def test_other_text_keeps_its_case(column: str) -> None:
    assert normalise_values(column, ["White Heart", "EIRE"], column) == ["White Heart", "EIRE"]


def test_currency_of_the_feed() -> None:
    assert normalise_values("country", ["France"], "currency", currency="EUR") == ["EUR"]
