"""The longest name that discovery accepts fits into the ledger with the longest feed, even incompressible."""

from __future__ import annotations

import random

from tasks.ingest.discover import MAX_NAME_BYTES
from tasks.postgres.connect import ConnectionSettings, connected


async def test_the_ledger_takes_the_longest_name(warehouse: ConnectionSettings) -> None:
    letters = random.Random(1)
    name = "".join(chr(letters.randrange(0x21, 0x7F)) for _ in range(MAX_NAME_BYTES))
    feed = "".join(chr(letters.randrange(0x20000, 0x2A000)) for _ in range(100))
    async with connected(warehouse) as connection:
        await connection.execute("create temp table ledger (feed text, name text, unique (feed, name))")
        await connection.execute("insert into ledger values ($1, $2)", feed, name)
        assert (
            await connection.fetchval("select octet_length(feed) + octet_length(name) from ledger") == 2_448
        )
