"""A marked person in every way into a load is found nowhere: not in the warehouse, the workspace, reports, logs, Prefect."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars import selectors

from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.deliveries import NAMES, as_csv, row, write
from tests.support.prefect_server import PrefectServer

MARKS = ("Philippina", "Ondelight", "philippina", "4716883")
PERSON = ("Philippina Xylander", "3 Ondelight Mews", "philippina@xylander.example", "4716883")
MAPPING = """
schema = 1
name = "till"
[line]
usual_names = true
[persons]
columns = ["Who", "Digits"]
starting = ["To "]
"""
FURTHER = ("Who", "To Lane", "Login", "Digits")


def _rows(count: int, further: tuple[str, ...], **changes: str) -> list[tuple[str | None, ...]]:
    return [(*row(**{"quantity": str(number)} | changes), *further) for number in range(1, count)]


def _text(names: tuple[str, ...]) -> str:
    """Sound rows, one that breaks a rule, two that cannot be split, and a last line that was cut."""
    sound = as_csv([*_rows(60, PERSON), *_rows(2, PERSON, quantity="many")], [*NAMES, *names])
    broken = as_csv([(*row(), *PERSON, "x"), (*row(), PERSON[0])], names=[]).strip("\r\n")
    stray = ",".join((*map(str, row()), f'"{PERSON[0]}" Xylander', *PERSON[1:]))
    return f"{sound}{broken}\n{stray}\n" + ",".join((*map(str, row()), *PERSON))[:-2]


async def _all_rows(warehouse: ConnectionSettings) -> str:
    async with connected(warehouse) as connection:
        tables = await connection.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname ~ '^retail_'"
        )
        rows = [await connection.fetch(f"select t::text from {table['name']} t") for table in tables]
    return "\n".join(found[0] for each in rows for found in each)


def _files(folder: Path) -> str:
    """All files below a folder as text; what is in Parquet is unpacked."""
    texts = []
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            texts.append(pl.read_parquet(path).drop(selectors.binary()).write_ndjson())
        elif path.is_file():
            texts.append(path.read_bytes().decode(errors="replace"))
    return "\n".join(texts)


async def test_marked_person(
    retail: Retail, warehouse: ConnectionSettings, prefect_server: PrefectServer, tmp_path: Path
) -> None:
    source, mapping = tmp_path / "in", write(tmp_path / "till.toml", MAPPING)
    write(source / "mapped" / "good.csv", _text(FURTHER))
    refused = as_csv([*_rows(3, PERSON), *_rows(9, PERSON, invoice_date="never")], [*NAMES, *FURTHER])
    write(source / "mapped" / "refused.csv", refused)
    write(source / "mapped" / "bare.csv", ",".join((*map(str, row()), *PERSON)) * 2)
    write(source / "plain" / "named.csv", _text(("Customer Name", "Street", "Login", "Card number")))
    ended = [
        retail(
            "etl",
            str(source / "mapped"),
            "--feed",
            "mapped",
            "--mapping",
            str(mapping),
            "--json",
            "--verbose",
        ),
        retail("etl", str(source / "plain"), "--feed", "plain", "--json", "--verbose"),
        retail("rejects", str(source / "mapped" / "refused.csv")),
    ]
    outcomes = {
        Path(one["name"]).name: one["outcome"] for each in ended[:2] for one in each.report["deliveries"]
    }
    assert outcomes == {
        "good.csv": "loaded",
        "named.csv": "loaded",
        "refused.csv": "refused",
        "bare.csv": "failed",
    }
    stored = await _all_rows(warehouse)
    assert stored.count(" fields, SHA-256 ") >= 6
    everywhere = {
        "said": "\n".join(one.out + one.err for one in ended),
        "warehouse": stored,
        "workspace": _files(tmp_path / "data"),
        "Prefect": _files(prefect_server.home),
    }
    assert {place: mark for place, text in everywhere.items() for mark in MARKS if mark in text} == {}
