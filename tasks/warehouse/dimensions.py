"""Surrogate keys: find the members of a dimension, number the missing ones, and forget the unused."""

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
_PRICED = 2**61


@dataclass(frozen=True)
class _Dimension:
    table: str
    key: str
    natural: str
    kind: pl.DataType
    array: str


def _dimension(table: str, natural: str, array: str) -> _Dimension:
    return _Dimension(table, SURROGATE_KEYS[natural], natural, LINE[natural], array)


_PRODUCT = _dimension("retail_dwh.dim_product", "stock_code", "text")
_CUSTOMER = _dimension("retail_dwh.dim_customer", "customer_id", "bigint")
_COUNTRY = _dimension("retail_dwh.dim_country", "country", "text")
_INVOICE = _dimension("retail_dwh.dim_invoice", "invoice_no", "text")
# Invoices last: they tell which lines may be there already.
_ALL = (_PRODUCT, _CUSTOMER, _COUNTRY, _INVOICE)


@dataclass(frozen=True)
class KeyedLines:
    """Lines with the surrogate keys of their dimensions, the invoices that were new, and of the products that
    were not what ``latest_descriptions`` found, with product_key."""

    lines: pl.DataFrame
    new_invoices: pl.Series
    descriptions: pl.DataFrame


@dataclass(frozen=True)
class DictionaryColumn:
    """A column of natural keys as places in the list of its members; null where it is null."""

    members: pl.Series
    codes: pl.Series


def natural_keys(lines: pl.DataFrame) -> tuple[DictionaryColumn, ...]:
    """The natural keys of silver lines, told apart: of each dimension in turn."""
    return tuple(_dictionary_column(lines.get_column(dimension.natural)) for dimension in _ALL)


def _dictionary_column(naturals: pl.Series) -> DictionaryColumn:
    if naturals.dtype == pl.Int64:
        members = naturals.unique().drop_nulls().sort()
        codes = members.search_sorted(naturals.fill_null(0))
        return DictionaryColumn(members, pl.select(pl.when(naturals.is_not_null()).then(codes)).to_series())
    texts, places = dictionary_encode(naturals)
    if places.drop_nulls().n_unique() < texts.len():  # lines of other deliveries have some of them
        texts, places = dictionary_encode(naturals.cast(pl.String))
    return DictionaryColumn(texts, places)


def date_keys(times: pl.Series) -> pl.Series:
    """The days of local times as yyyymmdd (``date_key``, Int32), reckoned once for each day from first to last."""
    if times.is_empty():  # no first day
        return pl.Series("date_key", [], dtype=pl.Int32)
    day = pl.col("day")
    days = times.dt.date().alias("day").to_frame()
    calendar = days.select(pl.date_range(day.min(), day.max()))
    number = day.dt.year() * 10_000 + day.dt.month().cast(pl.Int32) * 100 + day.dt.day()
    place = days.select((day.to_physical() - day.to_physical().min()).cast(pl.UInt32)).to_series()
    return calendar.select(date_key=number.gather(place)).to_series()


async def add_keys(
    connection: asyncpg.Connection,
    lines: pl.DataFrame,
    naturals: Sequence[DictionaryColumn],
    descriptions: pl.DataFrame,
    feed: FeedSettings,
) -> KeyedLines:
    """Give silver lines product_key, customer_key, country_key and invoice_key (Int32), by their natural keys.

    Missing members are numbered from the greatest key on and inserted, products with their description of
    ``descriptions``; the caller holds the load lock.
    """
    keys = []
    new = pl.Series(dtype=pl.Int32)
    for dimension, coded in zip(_ALL, naturals, strict=True):
        members, new = await _members(connection, dimension, coded, feed, descriptions)
        keys.append(members.gather(coded.codes).fill_null(UNKNOWN).alias(dimension.key))
        if dimension is _PRODUCT:
            known = pl.DataFrame({"stock_code": coded.members, "product_key": members}).filter(
                ~members.is_in(new.implode())
            )
            descriptions = descriptions.join(known, on="stock_code", how="inner")
    return KeyedLines(lines.with_columns(keys), new, descriptions)


async def _members(
    connection: asyncpg.Connection,
    dimension: _Dimension,
    coded: DictionaryColumn,
    feed: FeedSettings,
    descriptions: pl.DataFrame,
) -> tuple[pl.Series, pl.Series]:
    """Surrogate keys of the members, in their order, and those of them that are new."""
    table, key, natural = dimension.table, dimension.key, dimension.natural
    if coded.codes.null_count():
        await connection.execute(f"insert into {table} ({key}) values ($1) on conflict do nothing", UNKNOWN)
    last = await connection.fetchval(f"select coalesce(max({key}), 0) from {table}")
    schema = {natural: dimension.kind, key: pl.Int32()}
    found = pl.DataFrame(schema=schema)
    if last:
        query = f"select {natural}, {key} from {table} where {natural} = any($1::{dimension.array}[])"
        arguments: list[object] = [coded.members.to_list()]
        if dimension is _INVOICE:
            query += " and feed = $2"
            arguments.append(feed.feed)
        found = await fetch_frame(connection, query, *arguments, schema=schema)
    every = coded.members.to_frame(natural).join(found, on=natural, how="left", maintain_order="left")
    if not every.get_column(key).null_count():
        return every.get_column(key), pl.Series(key, [], dtype=pl.Int32)
    numbered = pl.col(key).is_null().cum_sum() + last
    every = every.with_columns(pl.coalesce(key, numbered.cast(pl.Int32)).alias(key))
    added = every.filter(pl.col(key) > last)
    await copy_frame(connection, table, _attributes(added, dimension, feed, descriptions))
    return every.get_column(key), added.get_column(key)


def _attributes(
    added: pl.DataFrame, dimension: _Dimension, feed: FeedSettings, descriptions: pl.DataFrame
) -> pl.DataFrame:
    if dimension is _PRODUCT:
        return added.join(descriptions, on="stock_code", how="left", maintain_order="left").with_columns(
            is_merchandise=~pl.col("stock_code").is_in(list(NOT_MERCHANDISE))
        )
    if dimension is _INVOICE:
        number = pl.col("invoice_no")
        kind = (
            pl.when(number.str.contains(r"^C\d"))
            .then(pl.lit("cancellation"))
            .when(number.str.contains(r"^A\d"))
            .then(pl.lit("adjustment"))
            .otherwise(pl.lit("sale"))
        )
        return added.with_columns(feed=pl.lit(feed.feed), invoice_type=kind, timezone=pl.lit(feed.timezone))
    return added


def latest_descriptions(lines: pl.DataFrame) -> pl.DataFrame:
    """Of silver lines, the current description of each product that has one, as the columns of dim_product.

    It is that of the greatest (price > 0, time, text in C collation) among the lines.
    """
    codes, products = dictionary_encode(lines.get_column("stock_code"))
    texts, places = dictionary_encode(lines.get_column("description"))
    priced = (pl.col("unit_price") > 0).cast(pl.Int64)
    # Microseconds of any year that the contract lets through stay below 2^62.
    ranked = lines.select(
        products, places, rank=priced * _PRICED + pl.col("sold_at").dt.timestamp("us")
    ).drop_nulls("description")
    best = ranked.group_by("stock_code", "description").agg(pl.col("rank").max())
    return (
        best.with_columns(
            codes.gather(best.get_column("stock_code")).alias("stock_code"),
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


async def merge_descriptions(connection: asyncpg.Connection, best: pl.DataFrame) -> None:
    """Let added lines give products a later description; ``best`` is what ``add_keys`` tells of them."""
    columns = ("product_key", "description", "description_priced", "description_sold_at")
    if best.height:
        await connection.execute(
            sql("merge_product_descriptions"), *(best.get_column(name).to_list() for name in columns)
        )


async def recompute_descriptions(connection: asyncpg.Connection, product_keys: Sequence[int]) -> None:
    """Find the current description of products that lost lines among the lines they still have."""
    await connection.execute(sql("recompute_product_descriptions"), list(product_keys))


async def delete_unused(
    connection: asyncpg.Connection,
    products: Sequence[int],
    customers: Sequence[int],
    countries: Sequence[int],
    invoices: Sequence[int],
) -> None:
    """Delete those of the given members that no fact refers to any more (never the unknown ones)."""
    for dimension, keys in zip(_ALL, (products, customers, countries, invoices), strict=True):
        await connection.execute(
            f"delete from {dimension.table} d where d.{dimension.key} = any($1::integer[]) "
            f"and d.{dimension.key} <> {UNKNOWN} and not exists "
            f"(select from retail_dwh.fact_sale f where f.{dimension.key} = d.{dimension.key})",
            list(keys),
        )
