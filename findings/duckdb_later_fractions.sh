#!/usr/bin/env bash
# duckdb: a quantity is whole in the first rows of a CSV file, or in the first of several Parquet files, and a fraction
# later.
#
# Guess, written down before the run: the type is widened to that of all values, or the later value is refused with a
# conversion error, as polars and pyarrow refuse such Parquet files and as DuckDB itself refuses a later word.
#
# Seen with duckdb 2.0.1: the type is that of the first 20,480 rows, or of the first file by name, and later values are
# rounded to it without a word: 0.75 kg becomes 1, 0.25 becomes 0, a price of 2.105 behind a file with two decimals
# becomes 2.11. store_rejects counts nothing. In a file of few rows the column is DOUBLE and everything is right.
#
# Do instead: types={'quantity': 'DECIMAL(18, 4)'} for CSV, union_by_name=true for Parquet (it widens the type).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==2.0.1

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal
from pathlib import Path

import duckdb

WEIGHED = "B,0.75\nB,0.25\nB,2.4\n"


def csv(pieces, options=""):
    """Type and weighed quantities of a file in which that many whole quantities stand first."""
    Path("sale.csv").write_text("sku,quantity\n" + "A,1\n" * pieces + WEIGHED)
    query = f"select typeof(quantity), quantity from read_csv('sale.csv'{options}) where sku = 'B'"
    rows = duckdb.sql(query).fetchall()
    return rows[0][0], [value for _, value in rows]


def parquet(first, later, options=""):
    duckdb.sql(f"copy (select {first} as value) to 'day_1.parquet'")
    duckdb.sql(f"copy (select {later} as value) to 'day_2.parquet'")
    return [value for (value,) in duckdb.sql(f"from read_parquet('day_*.parquet'{options})").fetchall()]


small, large = csv(1_000), csv(30_000)
stated = csv(30_000, ", types={'quantity': 'DECIMAL(18, 4)'}")
rejecting = csv(30_000, ", store_rejects=true")
rejects = duckdb.sql("select count(*) from reject_errors").fetchall()[0][0]
try:
    Path("word.csv").write_text("sku,quantity\n" + "A,1\n" * 30_000 + "B,many\n")
    duckdb.sql("from read_csv('word.csv')").fetchall()
    word = "taken"
except duckdb.ConversionException:
    word = "refused"
quantities, prices = parquet("1::int", "0.75::double"), parquet("1.10", "2.105")
widened = parquet("1::int", "0.75::double", ", union_by_name=true"), parquet("1.10", "2.105", ", union_by_name=true")
print("duckdb", duckdb.__version__)
print("expected: 0.75, 0.25 and 2.4 each time, or an error")
print("CSV, 1,000 rows before: ", *small)
print("CSV, 30,000 rows before:", *large, "rejects:", rejects, "a later word is", word)
print("CSV, type stated:       ", stated[0], *stated[1])
print("Parquet, 1 and then 0.75:", quantities, "1.10 and then 2.105:", *prices)
print("Parquet, union_by_name:  ", widened[0], *widened[1])
print("consequence: a small test is right, and in production weighed goods are counted as whole pieces")

assert small == ("DOUBLE", [0.75, 0.25, 2.4]), "a small file reads differently now"
assert large == rejecting == ("BIGINT", [1, 0, 2]) and (rejects, word) == (0, "refused"), "a large file is different now"
assert stated[1] == [Decimal("0.7500"), Decimal("0.2500"), Decimal("2.4000")]
assert quantities == [1, 1] and prices == [Decimal("1.10"), Decimal("2.11")], "Parquet files read differently now"
assert widened == ([1.0, 0.75], [Decimal("1.100"), Decimal("2.105")]), "union_by_name behaves differently now"
print("as found")
PYTHON
