#!/usr/bin/env bash
# sqlfluff fix: an INSERT whose rows come from a WITH query by SELECT *, in PostgreSQL's order of the two words.
#
# Guess, written down before the run: a formatter keeps the meaning of a statement; the order of columns is left alone
# where it decides which column a value lands in.
#
# Seen with sqlfluff 4.5.0: rule ST06 (on by default) moves plain columns before calculated ones. It spares a SELECT
# inside an INSERT and a WITH after the word INSERT, but not a WITH before it, which PostgreSQL takes too. The columns
# change places, the INSERT still runs, and store and product code land in each other's columns. The columns of a
# COPY (SELECT …) TO change places in the delivered file as well. Exit code 0, and lint is content afterwards.
#
# Do instead: exclude_rules = ST06, and name the columns on both sides: insert into stock (sku, store) select sku, store.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sqlfluff==4.5.0

mkdir "$folder/sql"
selected='select
        upper(sku) as sku,
        store
    from delivered
)'
printf 'with cleaned as (\n    %s\n\ninsert into stock\nselect * from cleaned;\n' "$selected" >"$folder/sql/with_before.sql"
printf 'insert into stock\nwith cleaned as (\n    %s\n\nselect * from cleaned;\n' "$selected" >"$folder/sql/with_after.sql"
printf 'copy (\n    %s to stdout;\n' "$selected" >"$folder/sql/file.sql"
cp -r "$folder/sql" "$folder/before"
"$folder/venv/bin/sqlfluff" fix --dialect postgres "$folder/sql" >"$folder/log" && fixed=$? || fixed=$?
"$folder/venv/bin/sqlfluff" lint --dialect postgres "$folder/sql" >>"$folder/log" && linted=$? || linted=$?

cd "$folder"
FIXED=$fixed LINTED=$linted "$folder/venv/bin/python" - <<'PYTHON'
import os
import sqlite3
from pathlib import Path

import sqlfluff


def loaded(script):
    """The rows of the table after the script; SQLite takes these statements as PostgreSQL does."""
    database = sqlite3.connect(":memory:")
    database.executescript("create table delivered (store, sku); create table stock (sku, store)")
    database.execute("insert into delivered values ('Leeds', 'a1')")
    database.executescript(script)
    return database.execute("select sku, store from stock").fetchall()


def text(folder, name):
    return Path(folder, name).read_text()


exits = int(os.environ["FIXED"]), int(os.environ["LINTED"])
before = loaded(text("before", "with_before.sql")), loaded(text("before", "with_after.sql"))
after = loaded(text("sql", "with_before.sql")), loaded(text("sql", "with_after.sql"))
print("sqlfluff", sqlfluff.__version__, "exit codes of fix and lint:", *exits)
print("expected: the same rows (sku, store) before and after")
print("with … insert:  ", before[0], "becomes", after[0])
print("insert … with …:", before[1], "becomes", after[1])
print("the file of copy, after:", " ".join(text("sql", "file.sql").split()))
print("consequence: a commit that says 'format SQL' swaps two columns of the warehouse and of a delivered file")

assert exits == (0, 0), "fix or lint ends differently now"
assert before == ([("A1", "Leeds")], [("A1", "Leeds")])
assert after == ([("Leeds", "A1")], [("A1", "Leeds")]), "the columns are left, or moved, differently now"
assert text("sql", "file.sql").index("store") < text("sql", "file.sql").index("upper"), "the file keeps its order now"
print("as found")
PYTHON
