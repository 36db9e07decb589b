"""A small file and its mapping, to which tests add the keys that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.ingested import Bronze
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import bronze_of, write

# Without further keys: what a file has beyond these five columns is read for nothing.
SHOP = """
schema = 1
name = "shop"
[line]
invoice = "Order"
code = "SKU"
quantity = "Qty"
[line.time]
columns = "Day"
[line.amount]
piece = "Price"
"""
_HEADER = "Order,SKU,Item,Qty,Price,Currency,State"
_TOML = """
schema = 1
name = "small"
[line]
invoice = "Order"
code = "SKU"
quantity = "Qty"
currency = "Currency"
{line}
[line.time]
columns = "Day"
[line.amount]
{price} = "Price"
[constant]
Country = ""
"""


def small_mapping(keys: str = "", *, price: str = "piece", line: str = "") -> str:
    """The TOML of the mapping.

    Args:
        keys: Further sections.
        price: What the column ``Price`` is, ``piece`` or ``line``.
        line: Further keys of ``[line]``.
    """
    return _TOML.format(line=line, price=price) + keys


def read(
    tmp_path: Path,
    rows: Sequence[str],
    keys: str = "",
    *,
    price: str = "piece",
    line: str = "",
    more: str = "",
    decimal: str | None = None,
) -> Bronze:
    """Ingest rows of the columns Order, SKU, Item, Qty, Price, Currency and State.

    Args:
        tmp_path: Folder for the file and the workspace.
        rows: The rows.
        keys: Further sections of the mapping.
        price: What the column ``Price`` is, ``piece`` or ``line``.
        line: Further keys of ``[line]``.
        more: Names of further columns, behind the others.
        decimal: Decimal mark of the feed.
    """
    header = ",".join(["Day", _HEADER, *([more] if more else [])])
    path = write(tmp_path / "small.csv", "\n".join([header, *(f"2026-03-01,{row}" for row in rows), ""]))
    mapping = kept_text(load_mapping(small_mapping(keys, price=price, line=line)).content)
    reading = ReadingSettings(mapping=mapping, decimal=decimal)
    return bronze_of(ingest(discover([str(path)]).deliveries, {}, tmp_path / "workspace", reading=reading))
