"""Frames into tables by binary COPY, and answers out of it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import pgpq
import polars as pl
import polars.selectors as cs

from tasks import progress
from tasks.metering import in_thread
from tasks.postgres.protocol import traffic_of
from tasks.postgres.traffic import size

_ROWS_PER_CHUNK = 32_768
_REPORT_SECONDS = 2.0
_ANSWER = "retail answer: "
# Escapes of COPY's text format.
_ESCAPE = re.compile(rb"\\(.)")
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


async def copy_frame(connection: asyncpg.Connection, table: str, frame: pl.DataFrame) -> None:
    """COPY a frame into a table in the open transaction. Encoding runs in a thread, one chunk ahead of the server.

    While bytes go out for more than two seconds, progress tells how many and how fast.

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
        next_chunk = asyncio.create_task(in_thread(next, chunks, None))
        while (chunk := await next_chunk) is not None:
            next_chunk = asyncio.create_task(in_thread(next, chunks, None))
            if chunk:  # the encoder buffers, so that a chunk can be empty
                yield chunk

    async with _abort_on_disconnect(connection):
        with _sending_reported(connection):
            await connection.copy_to_table(
                name, schema_name=schema, columns=frame.columns, source=encode_ahead(), format="binary"
            )


async def copy_text(
    connection: asyncpg.Connection,
    table: tuple[str, str],
    columns: Sequence[str],
    rows: AsyncIterator[bytes],
    encoding: str = "UTF8",
) -> None:
    """COPY rows in Postgres's text format into a table in the open transaction.

    Args:
        connection: Connection with the open transaction.
        table: Plain names of the schema and the table.
        columns: Plain names, in the order of the rows' values; empty for a table without columns of its own.
        rows: The rows.
        encoding: Their encoding, by Postgres's name.

    Raises:
        asyncpg.ConnectionDoesNotExistError: the connection was lost.
    """
    async with _abort_on_disconnect(connection):
        await connection.copy_to_table(
            table[1],
            schema_name=table[0],
            columns=list(columns) or None,
            source=rows,
            format="text",
            encoding=encoding,
        )


@contextmanager
def _sending_reported(connection: asyncpg.Connection) -> Iterator[None]:
    """Report every two seconds what went out in the block, and the rate since the report before."""
    traffic, loop = traffic_of(connection), asyncio.get_running_loop()
    start = traffic.bytes_arrived()
    last, since = start, time.perf_counter()
    later: asyncio.TimerHandle

    def report() -> None:
        nonlocal last, since, later
        later = loop.call_later(_REPORT_SECONDS, report)
        arrived, now = traffic.bytes_arrived(), time.perf_counter()
        if arrived > last:  # else the server is at work, or waits for a lock
            rate = size((arrived - last) / (now - since))
            progress.report("copy.sending", f"{size(arrived - start)}, {rate}/s", arrived - start)
        last, since = arrived, now

    later = loop.call_later(_REPORT_SECONDS, report)
    try:
        yield
    finally:
        later.cancel()


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


@contextmanager
def answers(connection: asyncpg.Connection) -> Iterator[list[Any]]:
    """Collect the JSON values that a script gives with ``raise info 'retail answer: %'``, which costs no turn.

    The list is whole once ``execute`` has returned: the driver hands messages over before the end of the script.
    """
    collected: list[Any] = []

    def collect(_: object, message: asyncpg.PostgresLogMessage) -> None:
        # A trigger of somebody else may say something too.
        if message.severity_en == "INFO" and message.message.startswith(_ANSWER):
            collected.append(json.loads(message.message.removeprefix(_ANSWER)))

    connection.add_log_listener(collect)
    try:
        yield collected
    finally:
        connection.remove_log_listener(collect)


def answer_script(query: str) -> str:
    """Return a statement that gives the JSON value of a query of ours as an answer; see ``answers``."""
    return f"do $answer$begin raise info '{_ANSWER}%',({query});end$answer$"


async def fetch_json(connection: asyncpg.Connection, query: str) -> list[Any]:
    """Return the JSON values of a query's rows by COPY, which takes one turn; ``fetch`` takes two.

    Args:
        connection: Connection that runs the query.
        query: SQL without parameters, with one column of type json or jsonb.
    """
    rows = bytearray()

    async def collect(data: bytes) -> None:
        rows.extend(data)

    await connection.copy_from_query(query, output=collect)
    return [json.loads(_ESCAPE.sub(_unescaped, row)) for row in bytes(rows).split(b"\n") if row]


def _unescaped(match: re.Match[bytes]) -> bytes:
    return _CONTROL.get(match[1], match[1])
