"""Text is trimmed, codes are in upper case, and blank text is none."""

from __future__ import annotations

import pytest

from tests.support.lines import typed

TEXT_COLUMNS = ("invoice_no", "stock_code", "description", "country")


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_blank_text_is_none(column: str) -> None:
    assert typed(column, [None, "", " ", "\t\r\n", "\u00a0"], column) == [None] * 5


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_text_is_trimmed_and_kept_inside(column: str) -> None:
    assert typed(column, [" A  B\n", "\tÉ;\u00a0"], column) == ["A  B", "É;"]


@pytest.mark.parametrize("column", ["invoice_no", "stock_code"])
def test_codes_are_in_upper_case(column: str) -> None:
    assert typed(column, ["c536379", "85123a", "é", "gift_0001_20"], column) == [
        "C536379",
        "85123A",
        "É",
        "GIFT_0001_20",
    ]


@pytest.mark.parametrize("column", ["description", "country"])
def test_other_text_keeps_its_case(column: str) -> None:
    assert typed(column, ["White Heart", "EIRE"], column) == ["White Heart", "EIRE"]


def test_the_currency_is_the_feeds() -> None:
    assert typed("country", ["France"], "currency", currency="EUR") == ["EUR"]
