"""The receipts of lines: each distinct delivery, invoice, time, customer, country, currency and store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tasks.warehouse.load.numbers import joined, joined_codes, joined_decimals
from tasks.workspace.parquet_parts import dictionary_encode

_COLUMNS = ("delivery", "invoice_no", "sold_at", "customer_number", "country", "currency", "store")


@dataclass(frozen=True)
class Receipts:
    """Receipts in the order of their first line.

    Attributes:
        table: A row per receipt: the columns that make it, and sold_at_local.
        first_line_no: The lowest line number of each (Int32).
        index: The receipt of each line (UInt32).
        types: The type of invoice that the lines of each make: s(ale), c(ancellation) if all are returns, a(djustment).
    """

    table: pl.DataFrame
    first_line_no: pl.Series
    index: pl.Series
    types: pl.Series

    @property
    def returned(self) -> pl.Series:
        """Whether the type of each tells that all its lines are returns."""
        return self.types == "c"

    def first_at(self, times: pl.Series) -> pl.Series:
        """Return the first receipt at each of some times (UInt32), null for null."""
        by_time = self.table.select("sold_at").with_row_index("receipt").unique("sold_at", keep="first")
        return (
            times.to_frame("sold_at")
            .join(by_time, on="sold_at", how="left", maintain_order="left")
            .get_column("receipt")
        )

    def frames(self, ordinals: Mapping[str, int]) -> dict[str, str | list[str | None]]:
        """Return the receipts' columns of ``pg_temp.staged_part``.

        Args:
            ordinals: Number of each delivery in the load, by name.
        """
        table = self.table
        names, name = dictionary_encode(table.get_column("delivery"))
        countries, country = dictionary_encode(table.get_column("country"))
        currencies, currency = dictionary_encode(table.get_column("currency"))
        stores, store = dictionary_encode(table.get_column("store"))
        days, day = dictionary_encode(date_keys(table.get_column("sold_at_local")).cast(pl.String))
        ordinal = pl.Series([ordinals.get(each) for each in names], dtype=pl.Int32)
        return {
            "invoice_numbers": table.get_column("invoice_no").cast(pl.String).to_list(),
            "invoice_types": "".join(self.types),
            "receipt_deliveries": joined(ordinal.gather(name)),
            "receipt_times": _seconds(table.get_column("sold_at")),
            "receipt_days": _places(days, day),
            "receipt_customers": joined_codes(table.get_column("customer_number")),
            "receipt_countries": joined(country.cast(pl.Int64) + 1),
            "receipt_currencies": _places(currencies, currency),
            "receipt_stores": joined(store.cast(pl.Int64) + 1),
            "first_line_numbers": joined(self.first_line_no),
            "days": days.to_list(),
            "countries": countries.to_list(),
            "currencies": currencies.to_list(),
            "stores": stores.to_list(),
        }


def find_receipts(lines: pl.DataFrame, adjustment: str | None) -> Receipts:
    """Find the receipts of silver lines, columns of ``tasks.validate.schema.LINE``, texts as Enum.

    Args:
        lines: The lines.
        adjustment: Letter before the digits of an invoice number that makes it an adjustment; None for none.
    """
    codes = lines.select(pl.col(name).to_physical() for name in _COLUMNS)
    # Most feeds have no stores: one column less to compare.
    columns = [name for name in _COLUMNS if codes.get_column(name).null_count() < lines.height]
    begins = codes.select(
        pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in columns)
        | (pl.int_range(pl.len()) == 0)
    ).to_series()
    run = begins.cum_sum().cast(pl.UInt32) - 1
    # The lines of a receipt mostly follow each other, so that few rows are left to compare.
    runs = codes.with_columns(lines.get_column("line_no")).filter(begins).with_row_index("run")
    receipts = runs.group_by(columns, maintain_order=True).agg(
        "run", first_run=pl.col("run").first(), first_line_no=pl.col("line_no").min()
    )
    receipt_of_run = receipts.with_row_index("receipt").explode("run").sort("run").get_column("receipt")
    firsts = lines.select(*_COLUMNS, "sold_at_local").filter(begins)
    table, index = firsts[receipts.get_column("first_run")], receipt_of_run.gather(run)
    types = _types(table.get_column("invoice_no"), index, lines.get_column("kind"), adjustment)
    return Receipts(table, receipts.get_column("first_line_no"), index, types)


def _types(invoice_no: pl.Series, receipt: pl.Series, kind: pl.Series, adjustment: str | None) -> pl.Series:
    """Return the letter of each receipt's type, by its invoice number and the receipt and kind of each line."""
    types = pl.repeat("s", invoice_no.len(), eager=True)
    is_return = kind == "return"
    if is_return.any():
        others = receipt.filter(~is_return).unique()
        types = pl.repeat("c", types.len(), eager=True).scatter(others, "s")
    if adjustment is None:
        return types
    letter = rf"^{re.escape(adjustment)}\d"
    return pl.select(
        pl.when(invoice_no.cast(pl.String).str.contains(letter)).then(pl.lit("a")).otherwise(types)
    ).to_series()


def _places(texts: pl.Series, place: pl.Series) -> str:
    """Join the places of texts in their list, from 1; nothing if there is only one to choose."""
    return "" if texts.len() == 1 else joined(place.cast(pl.Int64) + 1)


def _seconds(times: pl.Series) -> str:
    """Join times as seconds since 1970, with a fraction where they have one."""
    microseconds = times.dt.timestamp("us")
    fraction = (microseconds % 1_000_000).cast(pl.String).str.zfill(6)
    return joined_decimals((microseconds // 1_000_000).cast(pl.String) + "." + fraction)


def date_keys(times: pl.Series) -> pl.Series:
    """Return the days of local times as yyyymmdd (``date_key``, Int32).

    Args:
        times: Datetime without a time zone, or Date; no nulls.
    """
    day = times.dt
    return (day.year() * 10_000 + day.month().cast(pl.Int32) * 100 + day.day()).alias("date_key")
