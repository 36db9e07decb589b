#!/usr/bin/env bash
# polars.read_database_uri with connectorx: a query read in parallel, split by a column that may be NULL.
#
# Guess, written down before the run: partition_on only says how the work is shared out, so the rows are the same as
# without it.
#
# Seen with connectorx 0.4.6 and polars 2.1.0, on SQLite here and alike on PostgreSQL 17: each part asks for a range of
# the column between its least and greatest value, and NULL lies in no range. Every row without a value is left out,
# without an error or a warning; with several parts or with one. Sales without a customer number are such rows.
#
# Do instead: split by a column that is NOT NULL (a key), and compare the number of rows with count(*).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet connectorx==0.4.6 polars==2.1.0 pyarrow==26.0.1

DATABASE=$folder/shop.db "$folder/venv/bin/python" - <<'PYTHON'
import os
import sqlite3

import connectorx
import polars as pl

path = os.environ["DATABASE"]
database = sqlite3.connect(path)
database.execute("create table sale (line integer not null, customer integer, amount integer not null)")
# Every fourth sale has no customer, as at a till.
lines = [(line, None if line % 4 == 0 else 10_000 + line % 50, 100) for line in range(1, 1001)]
database.executemany("insert into sale values (?, ?, ?)", lines)
database.commit()


def read(**options):
    query = "select line, customer, amount from sale"
    return pl.read_database_uri(query, f"sqlite://{path}", engine="connectorx", **options)


whole = read()
by_customer = {parts: read(partition_on="customer", partition_num=parts) for parts in (1, 4)}
by_line = read(partition_on="line", partition_num=4)
print("connectorx", connectorx.__version__, "polars", pl.__version__)
print("expected: 1000 rows and a sum of 100000 each time")
print("no parts:", whole.height, "rows, sum", whole["amount"].sum())
for parts, frame in by_customer.items():
    print(f"{parts} part(s) by customer:", frame.height, "rows, sum", frame["amount"].sum())
print("4 parts by line:", by_line.height, "rows, sum", by_line["amount"].sum())
print("consequence: a setting for speed drops a quarter of the revenue, and the result looks complete")

assert whole.height == by_line.height == 1000, "reading in one piece or by a full column behaves differently now"
assert whole["customer"].null_count() == 250
for frame in by_customer.values():
    assert frame.height == 750 and frame["customer"].null_count() == 0, "rows without a value come along now"
print("as found")
PYTHON
