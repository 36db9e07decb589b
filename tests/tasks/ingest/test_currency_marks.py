"""Currencies that a column or a mark beside the price tells."""

from __future__ import annotations

import polars as pl
import pytest

from tasks.ingest.currency import parse_currency, split_marks

CODES = {
    "EUR": "EUR",
    "eur": "EUR",
    "€": "EUR",
    "£": "GBP",
    "US$": "USD",
    "zł": "PLN",
    "LTL": "LTL",
    "$": None,
    "kr": None,
    "XXX": None,
    "Euro": None,
    "EU": None,
}


@pytest.mark.parametrize("text", CODES)
def test_what_names_one_currency(text: str) -> None:
    assert pl.DataFrame({"text": [text]}).select(parse_currency(pl.col("text"))).item() == CODES[text]


PRICES = {
    "2.55": ("2.55", None),
    "$8.00": ("8.00", "$"),
    "-$6.25": ("-6.25", "$"),
    "$-6.25": ("-6.25", "$"),
    "$1,250.00": ("1,250.00", "$"),
    "8,00 €": ("8,00", "€"),
    "8.00 EUR": ("8.00", "EUR"),
    "usd 8.00": ("8.00", "USD"),
    "CHF 1'250.50": ("1'250.50", "CHF"),
    "kr. 12": ("12", "KR"),
    "US$8": ("8", "US$"),
    "$8.00 USD": ("$8.00 USD", None),
    "-$-8": ("-$-8", None),
    "eight": ("eight", None),
    "$": ("$", None),
    "8.00x": ("8.00x", None),
}


@pytest.mark.parametrize("price", PRICES)
def test_a_mark_is_taken_off_a_price(price: str) -> None:
    assert split_marks(pl.DataFrame({"text": [price]})).row(0) == PRICES[price]


def test_prices_without_a_mark_beside_some_with_one() -> None:
    prices = pl.DataFrame({"text": ["1.00", None, "£2.00"]})
    assert split_marks(prices).rows() == [("1.00", None), (None, None), ("2.00", "£")]
