"""Frames into tables by binary COPY, and query results into frames."""

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
    """COPY a frame into a table in the open transaction. Encoding runs in a thread, one chunk ahead of the server.

    Args:
        connection: Connection with the open transaction.
        table: ``schema.table``.
        frame: Columns named as the table's: Binary of 16 bytes for uuid, Decimal for numeric, Datetime with a
            time zone for timestamptz, String or Enum for text.

    Raises:
        asyncpg.ConnectionDoesNotExistError: the connection was lost.
    """
    if not frame.height:
        return
    schema, name = table.split(".")
    chunks = _encode(frame)

    async def encode_ahead() -> AsyncIterator[bytes]:
        next_chunk = asyncio.create_task(asyncio.to_thread(next, chunks, None))
        while (chunk := await next_chunk) is not None:
            next_chunk = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            if chunk:  # the encoder buffers, so that a chunk can be empty
                yield chunk

    async with _abort_on_disconnect(connection):
        await connection.copy_to_table(
            name, schema_name=schema, columns=frame.columns, source=encode_ahead(), format="binary"
        )


@asynccontextmanager
async def _abort_on_disconnect(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Abort the COPY when the connection drops; asyncpg would wait forever for the write buffer to drain."""
    loop = asyncio.get_running_loop()
    is_over = False

    def abort(_: object) -> None:
        if not is_over:
            timeout.reschedule(loop.time())

    timeout = asyncio.timeout(None)
    try:
        async with timeout:
            connection.add_termination_listener(abort)
            yield
    except TimeoutError:
        if not timeout.expired():
            raise
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of a COPY") from None
    finally:
        is_over = True
        connection.remove_termination_listener(abort)


def _encode(frame: pl.DataFrame) -> Iterator[bytes]:
    encoder = None
    for chunk in frame.iter_slices(_ROWS_PER_CHUNK):
        # pgpq supports neither string views nor dictionaries.
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
    """Run a query and return its rows as a frame.

    Args:
        connection: Connection that runs the query.
        query: SQL with parameters ``$1``, ``$2`` …
        arguments: Values of the parameters.
        schema: Names and dtypes of the frame's columns, in the order of the query's columns.
    """
    rows: Sequence[asyncpg.Record] = await connection.fetch(query, *arguments)
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)
