#!/usr/bin/env bash
# dlt.sources.incremental with a primary key: a record that changes twice within the unit of its cursor (here a day).
#
# Guess, written down before the run: the start of the range is closed by default, so records of the last day come
# again, and write_disposition="merge" with a primary key puts the newer version in place of the older one.
#
# Seen with dlt 1.31.0: the records do come again, but those whose primary key was seen with the last cursor value are
# thrown away before the merge, as doubles, without a comparison of the rest. The order that was paid and refunded on
# the same day stays "paid", in every later run too. The load succeeds, and no warning names the record.
#
# Do instead: incremental("updated_on", primary_key=()), which switches this off and leaves the doubles to the merge.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "dlt[duckdb]==1.31.0" duckdb==2.0.1

cd "$folder"
export DLT_DATA_DIR=$folder/dlt RUNTIME__DLTHUB_TELEMETRY=false
"$folder/venv/bin/python" - <<'PYTHON'
import os
from datetime import date

import dlt
import duckdb

DAY, NEXT = date(2026, 1, 5), date(2026, 1, 6)
MORNING = [{"order_id": 1, "updated_on": DAY, "status": "paid"}]
EVENING = [{"order_id": 1, "updated_on": DAY, "status": "refunded"}, {"order_id": 2, "updated_on": DAY, "status": "paid"}]
TOMORROW = [*EVENING, {"order_id": 3, "updated_on": NEXT, "status": "paid"}]


def loaded(name, **options):
    """The orders after three runs, each of which is given all records that the shop has by then."""
    path = f"{os.getcwd()}/{name}.duckdb"
    pipeline = dlt.pipeline(name, destination=dlt.destinations.duckdb(path), dataset_name="shop")
    for records in (MORNING, EVENING, TOMORROW):

        @dlt.resource(name="orders", primary_key="order_id", write_disposition="merge")
        def orders(records, cursor=dlt.sources.incremental("updated_on", **options)):
            yield records

        pipeline.run(orders(records)).raise_on_failed_jobs()
    with duckdb.connect(path) as database:
        return database.sql("select order_id, status from shop.orders order by order_id").fetchall()


usual = loaded("usual")
without = loaded("without", primary_key=())
print("dlt", dlt.__version__)
print("expected: order 1 refunded, since the later version has the same key and lies in the range")
print("usual:", usual)
print("primary_key=() for the cursor:", without)
print("consequence: with a date as cursor, every refund on the day of its sale is missing from the revenue for good")

assert usual == [(1, "paid"), (2, "paid"), (3, "paid")], "the later version is treated differently now"
assert without == [(1, "refunded"), (2, "paid"), (3, "paid")], "primary_key=() behaves differently now"
print("as found")
PYTHON
