#!/usr/bin/env bash
# polars.read_database: Decimals, of which the first 100 rows have two decimals and a later row has four.
#
# Guess, written down before the run: polars takes Decimals as they are, so the scale grows to that of the finest
# value, as it does for a list of the same values; at worst the row is refused with an error.
#
# Seen with polars 2.1.0: the rows of a driver are tuples to polars, and the scale is that of the first 100 of them. A
# finer value further down is rounded to it without a word: 0.0055 becomes 0.01 and 0.0049 becomes 0. A table of up to
# 100 rows reads right, and so does a list of the same values. The same happens with psycopg and an unscaled numeric,
# such as price * rate, and with pl.DataFrame(rows, orient="row").
#
# Do instead: schema_overrides={"price": pl.Decimal(38, 4)}, infer_schema_length=None, or a cast to numeric(18, 4) in
# the query.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet polars==2.1.0

"$folder/venv/bin/python" - <<'PYTHON'
import sqlite3
from decimal import Decimal

import polars as pl

# A driver that hands over Decimals, as those for PostgreSQL do; the column is text to SQLite, so no digit changes.
sqlite3.register_converter("decimal_text", lambda text: Decimal(text.decode()))
FINE = [Decimal("0.0055"), Decimal("0.0049")]


def prices(plain_rows):
    return [Decimal("1.10")] * plain_rows + FINE


def read(plain_rows, **options):
    database = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
    database.execute("create table fee (id integer, price decimal_text)")
    database.executemany("insert into fee values (?, ?)", enumerate(map(str, prices(plain_rows))))
    query = "select id, price from fee order by id"
    assert [price for _, price in database.execute(query)] == prices(plain_rows)  # the driver is right
    return pl.read_database(query, database, **options)["price"]


few, many = read(50), read(140)
stated = read(140, schema_overrides={"price": pl.Decimal(38, 4)})
listed = pl.Series(prices(140))
print("polars", pl.__version__)
print("expected: 0.0055 and 0.0049 at the end, however many rows stand before them")
for name, series in (("52 rows", few), ("142 rows", many), ("142 in a list", listed), ("142, stated", stated)):
    print(f"{name}: {series.dtype}, last two {[str(value) for value in series[-2:]]}")
print("sum of 142:", many.sum(), "instead of", sum(prices(140)))
print("consequence: fees and exchange rates lose their last digits, or become 0, with the size of the table alone")

assert few.to_list() == prices(50), "few rows read differently now"
assert many[-2:].to_list() == [Decimal("0.01"), Decimal("0.00")], "many rows read differently now"
assert listed.to_list() == stated.to_list() == prices(140), "a list or a stated type reads differently now"
print("as found")
PYTHON
