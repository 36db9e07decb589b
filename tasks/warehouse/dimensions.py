"""Surrogate keys: find the members of a dimension, number the missing ones, and forget the unused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import polars as pl

from tasks.validate.settings import FeedSettings
from tasks.warehouse.copy import copy_frame
from tasks.warehouse.merchandise import NOT_MERCHANDISE
from tasks.warehouse.statements import sql

UNKNOWN = 0


@dataclass(frozen=True)
class _Dimension:
    table: str
    key: str
    natural: str
    kind: pl.DataType
    array: str


_PRODUCT = _Dimension("retail_dwh.dim_product", "product_key", "stock_code", pl.String(), "text")
_CUSTOMER = _Dimension("retail_dwh.dim_customer", "customer_key", "customer_id", pl.Int64(), "bigint")
_COUNTRY = _Dimension("retail_dwh.dim_country", "country_key", "country", pl.String(), "text")
_INVOICE = _Dimension("retail_dwh.dim_invoice", "invoice_key", "invoice_no", pl.String(), "text")
_UNUSED = (_PRODUCT, _CUSTOMER, _COUNTRY, _INVOICE)


@dataclass(frozen=True)
class Keyed:
    """Lines with the surrogate keys of their dimensions, and the invoices that were new."""

    lines: pl.DataFrame
    new_invoices: pl.Series


async def add_keys(connection: asyncpg.Connection, lines: pl.DataFrame, feed: FeedSettings) -> Keyed:
    """Give silver lines product_key, customer_key, country_key, invoice_key and date_key (all Int32).

    Missing members are numbered from the greatest key on and inserted; the caller holds the load lock.
    """
    products, _ = await _keys(connection, _PRODUCT, lines.get_column("stock_code"), feed)
    customers, _ = await _keys(connection, _CUSTOMER, lines.get_column("customer_id"), feed)
    countries, _ = await _keys(connection, _COUNTRY, lines.get_column("country"), feed)
    invoices, new_invoices = await _keys(connection, _INVOICE, lines.get_column("invoice_no"), feed)
    local = pl.col("sold_at_local")
    keyed = (
        lines.lazy()
        .join(products.lazy(), on="stock_code", how="left", maintain_order="left")
        .join(customers.lazy(), on="customer_id", how="left", maintain_order="left")
        .join(countries.lazy(), on="country", how="left", maintain_order="left")
        .join(invoices.lazy(), on="invoice_no", how="left", maintain_order="left")
        .with_columns(
            pl.col("customer_key").fill_null(UNKNOWN),
            pl.col("country_key").fill_null(UNKNOWN),
            (local.dt.year() * 10_000 + local.dt.month().cast(pl.Int32) * 100 + local.dt.day()).alias(
                "date_key"
            ),
        )
        .collect()
    )
    return Keyed(keyed, new_invoices)


async def _keys(
    connection: asyncpg.Connection, dimension: _Dimension, naturals: pl.Series, feed: FeedSettings
) -> tuple[pl.DataFrame, pl.Series]:
    """Natural and surrogate keys of the members in ``naturals``, and the surrogate keys that are new."""
    table, key, natural = dimension.table, dimension.key, dimension.natural
    wanted = naturals.unique().drop_nulls().sort()
    if dimension is not _INVOICE and naturals.null_count():
        await connection.execute(f"insert into {table} ({key}) values ($1) on conflict do nothing", UNKNOWN)
    query = f"select {natural}, {key} from {table} where {natural} = any($1::{dimension.array}[])"
    arguments: list[object] = [wanted.to_list()]
    if dimension is _INVOICE:
        query += " and feed = $2"
        arguments.append(feed.feed)
    schema = {natural: dimension.kind, key: pl.Int32()}
    found = pl.DataFrame(
        [tuple(row) for row in await connection.fetch(query, *arguments)], schema=schema, orient="row"
    )
    missing = wanted.to_frame(natural).join(found, on=natural, how="anti", maintain_order="left")
    if not missing.height:
        return found, pl.Series(key, [], dtype=pl.Int32)
    last = await connection.fetchval(f"select coalesce(max({key}), 0) from {table}")
    added = missing.with_columns(pl.int_range(last + 1, last + 1 + pl.len(), dtype=pl.Int32).alias(key))
    await copy_frame(connection, table, _attributes(added, dimension, feed))
    return pl.concat([found, added]), added.get_column(key)


def _attributes(added: pl.DataFrame, dimension: _Dimension, feed: FeedSettings) -> pl.DataFrame:
    if dimension is _PRODUCT:
        return added.with_columns(is_merchandise=~pl.col("stock_code").is_in(list(NOT_MERCHANDISE)))
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


async def merge_descriptions(connection: asyncpg.Connection, lines: pl.DataFrame) -> None:
    """Let added lines (product_key, description, unit_price, sold_at) give products a later description.

    The current one is that of the greatest (price > 0, time, text in C collation) among a product's lines.
    """
    described = (
        lines.lazy()
        .filter(pl.col("description").is_not_null())
        .select("product_key", "description", "sold_at", priced=pl.col("unit_price") > 0)
    )
    for rank in ("priced", "sold_at", "description"):
        described = described.filter(pl.col(rank) == pl.col(rank).max().over("product_key"))
    best = described.unique("product_key").collect()
    if best.height:
        await connection.execute(
            sql("merge_product_descriptions"),
            *(
                best.get_column(name).to_list()
                for name in ("product_key", "description", "priced", "sold_at")
            ),
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
    for dimension, keys in zip(_UNUSED, (products, customers, countries, invoices), strict=True):
        await connection.execute(
            f"delete from {dimension.table} d where d.{dimension.key} = any($1::integer[]) "
            f"and d.{dimension.key} <> {UNKNOWN} and not exists "
            f"(select from retail_dwh.fact_sale f where f.{dimension.key} = d.{dimension.key})",
            list(keys),
        )
