"""Binary COPY from Arrow, and the way back: frames from query results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pgpq
import polars as pl
import polars.selectors as cs

_ROWS_PER_CHUNK = 32_768


async def copy_frame(connection: asyncpg.Connection, table: str, frame: pl.DataFrame) -> None:
    """COPY ``frame`` into ``table`` (schema.table), column by column name, in the open transaction.

    16-byte Binary columns go into uuid columns, Decimal into numeric, zoned Datetime into timestamptz, String
    and Enum into text.
    Encoding runs in a thread, one chunk ahead of the server.
    """
    if not frame.height:
        return
    schema, name = table.split(".")
    pieces = _encoded(frame)

    async def ahead() -> AsyncIterator[bytes]:
        following = asyncio.create_task(asyncio.to_thread(next, pieces, None))
        while (piece := await following) is not None:
            following = asyncio.create_task(asyncio.to_thread(next, pieces, None))
            if piece:  # the encoder may hold bytes back
                yield piece

    async with _ended_by_loss(connection):
        await connection.copy_to_table(
            name, schema_name=schema, columns=frame.columns, source=ahead(), format="binary"
        )


@asynccontextmanager
async def _ended_by_loss(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Losing the connection ends the block: a COPY that waits for the server to take more would wait for ever,
    since the driver wakes it only when that happens."""
    here = asyncio.get_running_loop()
    is_over = False

    def end(_: object) -> None:
        if not is_over:
            limit.reschedule(here.time())

    limit = asyncio.timeout(None)
    try:
        async with limit:
            connection.add_termination_listener(end)
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of a COPY") from None
    finally:
        is_over = True
        connection.remove_termination_listener(end)


def _encoded(frame: pl.DataFrame) -> Iterator[bytes]:
    encoder = None
    for chunk in frame.iter_slices(_ROWS_PER_CHUNK):
        # pgpq knows neither string views nor dictionaries.
        plain = chunk.with_columns(cs.enum().cast(pl.String)).rechunk()
        batches = plain.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()
        if encoder is None:
            encoder = pgpq.ArrowToPostgresBinaryEncoder(batches[0].schema)
            yield encoder.write_header()
        for batch in batches:
            yield encoder.write_batch(batch)
    if encoder is not None:
        yield encoder.finish()


async def fetch_frame(
    connection: asyncpg.Connection, query: str, *arguments: Any, schema: dict[str, Any]
) -> pl.DataFrame:
    """Run ``query`` and return its rows as a frame of that schema, column by place."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(query, *arguments)
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)
