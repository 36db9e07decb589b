"""The products of lines, and their priced products: each distinct price, copy number, description and kind of a product."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tasks.ingest.schema import KINDS
from tasks.warehouse.load.numbers import joined, joined_decimals, places
from tasks.workspace.parquet_parts import dictionary_encode

_PRICED = 2**61  # added to the rank of a description with a price, above any timestamp


@dataclass(frozen=True)
class PricedProducts:
    """Products and priced products.

    Attributes:
        products: A row per product: stock_code and the columns of ``latest_descriptions``, null without one.
        table: A row per priced product: product (its row), unit_price, copy_number, description, has_own: whether
            the description is another than the product's latest, kind (null unless told), and is_merchandise.
        index: The priced product of each line (UInt32).
    """

    products: pl.DataFrame
    table: pl.DataFrame
    index: pl.Series

    def frames(self, described_by: pl.Series) -> dict[str, str | list[str | None]]:
        """Return the columns of ``pg_temp.staged_part`` of products and priced products.

        Args:
            described_by: A receipt with the time of each product's description, null without one.
        """
        stock_code = self.products.get_column("stock_code")
        is_priced = self.products.get_column("description_priced")
        # From 1, so that the sign can tell a description without a price.
        signed = (described_by.cast(pl.Int64) + 1) * (2 * is_priced.cast(pl.Int64) - 1)
        table = self.table.with_row_index("position", offset=1)
        copies = table.filter(pl.col("copy_number") != 1)
        own = table.filter("has_own")
        told = table.filter(pl.col("kind").is_not_null())
        others = table.filter(~pl.col("is_merchandise"))
        merchandise = table.filter("is_merchandise").select("product")
        not_merchandise = others.join(merchandise, on="product", how="anti").get_column("product").unique()
        return {
            "stock_codes": stock_code.to_list(),
            "descriptions": self.products.get_column("description").to_list(),
            "described_by": joined(signed),
            "not_merchandise": joined(not_merchandise.sort() + 1),
            # They follow their products: 1 where the next product begins, 0 elsewhere.
            "product_steps": "".join(table.get_column("product").diff().fill_null(1).cast(pl.String)),
            "prices": joined_decimals(table.get_column("unit_price")),
            "copies": joined(copies.get_column("position")),
            "copy_numbers": joined(copies.get_column("copy_number")),
            "described": joined(own.get_column("position")),
            "own_descriptions": own.get_column("description").cast(pl.String).to_list(),
            "told": joined(told.get_column("position")),
            "told_kinds": joined(told.get_column("kind")),
            "others": joined(others.get_column("position")),
        }


def find_priced_products(lines: pl.DataFrame, returned: pl.Series) -> PricedProducts:
    """Find the priced products of silver lines.

    Args:
        lines: The lines, columns of ``tasks.validate.schema.LINE``, texts as Enum.
        returned: Whether its receipt tells that a line is a return (Boolean).
    """
    stock_codes, stock_code = dictionary_encode(lines.get_column("stock_code"))
    texts, text = dictionary_encode(lines.get_column("description"))
    used = stock_code.unique().sort()
    product, _ = places(stock_code)
    products = (
        stock_codes.gather(used)
        .to_frame("stock_code")
        .join(latest_descriptions(lines), on="stock_code", how="left", maintain_order="left")
    )
    latest = (
        products.select("description")
        .join(
            texts.to_frame("description").with_row_index("text"),
            on="description",
            how="left",
            maintain_order="left",
        )
        .get_column("text")
    )
    text = text.cast(pl.UInt32)
    has_own = text.ne_missing(latest.gather(product))
    own_text = pl.select(pl.when(has_own).then(text.fill_null(texts.len()) + 1).otherwise(0)).to_series()
    index, size = product.cast(pl.Int64), used.len()
    kind = _told_kinds(lines.get_column("kind"), returned)
    told = kind.fill_null(len(KINDS)) * 2 + lines.get_column("is_merchandise")
    price, _ = places(lines.get_column("unit_price").to_physical().cast(pl.Int64))
    for column in (price, lines.get_column("copy_number"), own_text, told):
        distinct = int(column.max() or 0) + 1  # type: ignore[arg-type]
        if size * distinct >= 2**62:
            index, size = places(index)
            index = index.cast(pl.Int64)
        index, size = index * distinct + column, size * distinct
    index, _ = places(index)
    rows = index.arg_unique()
    rows = rows.gather(index.gather(rows).arg_sort())
    table = lines.select("unit_price", "copy_number", "description", "is_merchandise")[rows].with_columns(
        product.gather(rows).alias("product"),
        has_own.gather(rows).alias("has_own"),
        pl.Series("kind", KINDS).gather(kind.gather(rows)),
    )
    return PricedProducts(products, table, index)


def _told_kinds(kind: pl.Series, returned: pl.Series) -> pl.Series:
    """Return the kind of each line as its place in ``KINDS``; null for a sale, and a return that its receipt tells."""
    names, codes = dictionary_encode(kind)
    places = pl.Series([None if name == "sale" else KINDS.index(name) for name in names], dtype=pl.Int64)
    return pl.select(pl.when(~returned).then(places.gather(codes))).to_series()


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
