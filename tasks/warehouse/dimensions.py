"""Surrogate keys: look up dimension members, add missing ones, and delete unused ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import polars as pl

from tasks.postgres.copy import copy_frame, fetch_frame
from tasks.postgres.queries import sql
from tasks.validate.schema import LINE
from tasks.validate.settings import FeedSettings
from tasks.warehouse.merchandise import NOT_MERCHANDISE
from tasks.warehouse.schema.columns import SURROGATE_KEYS
from tasks.workspace.part_files import dictionary_encode

UNKNOWN = 0
_PRICED = 2**61  # added to the rank of a description with a price, above any timestamp


@dataclass(frozen=True)
class _Dimension:
    table: str
    key: str
    natural_key: str
    dtype: pl.DataType
    sql_type: str


def _dimension(table: str, natural_key: str, sql_type: str) -> _Dimension:
    return _Dimension(table, SURROGATE_KEYS[natural_key], natural_key, LINE[natural_key], sql_type)


_PRODUCT = _dimension("retail_dwh.dim_product", "stock_code", "text")
_CUSTOMER = _dimension("retail_dwh.dim_customer", "customer_id", "bigint")
_COUNTRY = _dimension("retail_dwh.dim_country", "country", "text")
_INVOICE = _dimension("retail_dwh.dim_invoice", "invoice_no", "text")
# Invoices last: add_keys returns the new ones, whose lines cannot be in the warehouse yet.
_ALL = (_PRODUCT, _CUSTOMER, _COUNTRY, _INVOICE)


@dataclass(frozen=True)
class KeyedLines:
    """Lines with surrogate keys.

    Attributes:
        lines: Silver lines with product_key, customer_key, country_key and invoice_key (Int32).
        new_invoices: invoice_key of the invoices that were added (Int32).
        descriptions: Latest descriptions of the products that existed before, with product_key; columns of
            ``latest_descriptions``.
    """

    lines: pl.DataFrame
    new_invoices: pl.Series
    descriptions: pl.DataFrame


@dataclass(frozen=True)
class DictionaryColumn:
    """A dictionary-encoded column of natural keys: distinct members and a code per row, null for null."""

    members: pl.Series
    codes: pl.Series


def natural_keys(lines: pl.DataFrame) -> tuple[DictionaryColumn, ...]:
    """Dictionary-encode the natural keys of silver lines, one column per dimension in the order of ``add_keys``."""
    return tuple(_encode(lines.get_column(dimension.natural_key)) for dimension in _ALL)


def _encode(column: pl.Series) -> DictionaryColumn:
    if column.dtype == pl.Int64:
        members = column.unique().drop_nulls().sort()
        codes = members.search_sorted(column.fill_null(0))
        return DictionaryColumn(members, pl.select(pl.when(column.is_not_null()).then(codes)).to_series())
    members, codes = dictionary_encode(column)
    if codes.drop_nulls().n_unique() < members.len():  # some members occur only in lines of other deliveries
        members, codes = dictionary_encode(column.cast(pl.String))
    return DictionaryColumn(members, codes)


def date_keys(times: pl.Series) -> pl.Series:
    """Return the days of local times as yyyymmdd (``date_key``, Int32), computed once per day of the range.

    Args:
        times: Datetime without a time zone, or Date; no nulls.
    """
    if times.is_empty():  # a range needs a first day
        return pl.Series("date_key", [], dtype=pl.Int32)
    day = pl.col("day")
    days = times.dt.date().alias("day").to_frame()
    calendar = days.select(pl.date_range(day.min(), day.max()))
    yyyymmdd = day.dt.year() * 10_000 + day.dt.month().cast(pl.Int32) * 100 + day.dt.day()
    offsets = days.select((day.to_physical() - day.to_physical().min()).cast(pl.UInt32)).to_series()
    return calendar.select(date_key=yyyymmdd.gather(offsets)).to_series()


async def add_keys(
    connection: asyncpg.Connection,
    lines: pl.DataFrame,
    natural_keys: Sequence[DictionaryColumn],
    descriptions: pl.DataFrame,
    feed: FeedSettings,
) -> KeyedLines:
    """Look up the surrogate keys of silver lines, and add missing dimension members.

    New members get the numbers after the greatest key; a new product gets its description. The caller holds the
    load lock.

    Args:
        connection: Connection with the open transaction.
        lines: Silver lines.
        natural_keys: Natural keys of the lines, from ``natural_keys``.
        descriptions: Descriptions of their products, from ``latest_descriptions``.
        feed: Settings of the feed that the invoices belong to.
    """
    keys = []
    new = pl.Series(dtype=pl.Int32)
    for dimension, column in zip(_ALL, natural_keys, strict=True):
        member_keys, new = await _member_keys(connection, dimension, column, feed, descriptions)
        keys.append(member_keys.gather(column.codes).fill_null(UNKNOWN).alias(dimension.key))
        if dimension is _PRODUCT:
            existing = pl.DataFrame({"stock_code": column.members, "product_key": member_keys}).filter(
                ~member_keys.is_in(new.implode())
            )
            descriptions = descriptions.join(existing, on="stock_code", how="inner")
    return KeyedLines(lines.with_columns(keys), new, descriptions)


async def _member_keys(
    connection: asyncpg.Connection,
    dimension: _Dimension,
    column: DictionaryColumn,
    feed: FeedSettings,
    descriptions: pl.DataFrame,
) -> tuple[pl.Series, pl.Series]:
    """Return the surrogate keys of the members, in their order, and the keys of new members."""
    table, key, natural_key = dimension.table, dimension.key, dimension.natural_key
    if column.codes.null_count():
        await connection.execute(f"insert into {table} ({key}) values ($1) on conflict do nothing", UNKNOWN)
    last = await connection.fetchval(f"select coalesce(max({key}), 0) from {table}")
    schema = {natural_key: dimension.dtype, key: pl.Int32()}
    existing = pl.DataFrame(schema=schema)
    if last:
        query = (
            f"select {natural_key}, {key} from {table} where {natural_key} = any($1::{dimension.sql_type}[])"
        )
        arguments: list[object] = [column.members.to_list()]
        if dimension is _INVOICE:
            query += " and feed = $2"
            arguments.append(feed.feed)
        existing = await fetch_frame(connection, query, *arguments, schema=schema)
    members = column.members.to_frame(natural_key).join(
        existing, on=natural_key, how="left", maintain_order="left"
    )
    if not members.get_column(key).null_count():
        return members.get_column(key), pl.Series(key, [], dtype=pl.Int32)
    new_key = pl.col(key).is_null().cum_sum() + last
    members = members.with_columns(pl.coalesce(key, new_key.cast(pl.Int32)).alias(key))
    new_members = members.filter(pl.col(key) > last)
    await copy_frame(connection, table, _with_attributes(new_members, dimension, feed, descriptions))
    return members.get_column(key), new_members.get_column(key)


def _with_attributes(
    members: pl.DataFrame, dimension: _Dimension, feed: FeedSettings, descriptions: pl.DataFrame
) -> pl.DataFrame:
    if dimension is _PRODUCT:
        return members.join(descriptions, on="stock_code", how="left", maintain_order="left").with_columns(
            is_merchandise=~pl.col("stock_code").is_in(list(NOT_MERCHANDISE))
        )
    if dimension is _INVOICE:
        invoice_no = pl.col("invoice_no")
        invoice_type = (
            pl.when(invoice_no.str.contains(r"^C\d"))
            .then(pl.lit("cancellation"))
            .when(invoice_no.str.contains(r"^A\d"))
            .then(pl.lit("adjustment"))
            .otherwise(pl.lit("sale"))
        )
        return members.with_columns(
            feed=pl.lit(feed.feed), invoice_type=invoice_type, timezone=pl.lit(feed.timezone)
        )
    return members


def latest_descriptions(lines: pl.DataFrame) -> pl.DataFrame:
    """Find the latest description of each product: lines with a price first, then the latest time, then the text.

    Args:
        lines: Silver lines.

    Returns:
        A row per product with a description: stock_code, description (String), description_priced (Boolean),
        description_sold_at (Datetime, UTC). Texts are compared in the C collation.
    """
    stock_codes, product_codes = dictionary_encode(lines.get_column("stock_code"))
    texts, text_codes = dictionary_encode(lines.get_column("description"))
    priced = (pl.col("unit_price") > 0).cast(pl.Int64)
    # Microseconds of every year that the contract accepts are below _PRICED.
    ranked = lines.select(
        product_codes, text_codes, rank=priced * _PRICED + pl.col("sold_at").dt.timestamp("us")
    ).drop_nulls("description")
    best = ranked.group_by("stock_code", "description").agg(pl.col("rank").max())
    return (
        best.with_columns(
            stock_codes.gather(best.get_column("stock_code")).alias("stock_code"),
            texts.gather(best.get_column("description")).alias("description"),
        )
        .sort("rank", "description", descending=True)
        .unique("stock_code", keep="first", maintain_order=True)
        .select(
            "stock_code",
            "description",
            description_priced=pl.col("rank") >= _PRICED,
            description_sold_at=(pl.col("rank") % _PRICED).cast(pl.Datetime("us", "UTC")),
        )
    )


async def merge_descriptions(connection: asyncpg.Connection, descriptions: pl.DataFrame) -> None:
    """Update existing products whose new lines have a later description; see ``KeyedLines.descriptions``."""
    columns = ("product_key", "description", "description_priced", "description_sold_at")
    if descriptions.height:
        await connection.execute(
            sql("merge_product_descriptions"), *(descriptions.get_column(name).to_list() for name in columns)
        )


async def recompute_descriptions(connection: asyncpg.Connection, product_keys: Sequence[int]) -> None:
    """Recompute the description of products that lost lines from their remaining lines."""
    await connection.execute(sql("recompute_product_descriptions"), list(product_keys))


async def delete_unused_members(
    connection: asyncpg.Connection,
    products: Sequence[int],
    customers: Sequence[int],
    countries: Sequence[int],
    invoices: Sequence[int],
) -> None:
    """Delete the members that no fact references any more, except the unknown members.

    Args:
        connection: Connection with the open transaction.
        products: product_key of the members to check.
        customers: Their customer_key.
        countries: Their country_key.
        invoices: Their invoice_key.
    """
    for dimension, keys in zip(_ALL, (products, customers, countries, invoices), strict=True):
        await connection.execute(
            f"delete from {dimension.table} d where d.{dimension.key} = any($1::integer[]) "
            f"and d.{dimension.key} <> {UNKNOWN} and not exists "
            f"(select from retail_dwh.fact_sale f where f.{dimension.key} = d.{dimension.key})",
            list(keys),
        )
