"""What a run tells of its network: the same turns and bytes as a proxy on the line counts, and the line's delay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import polars as pl
import pytest

from benchmarks.link import Link
from tasks import progress
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.copy import copy_frame, fetch_json
from tasks.postgres.kept import keeping_connections
from tasks.postgres.traffic import ConnectionTraffic, Network, counting_traffic, network_so_far
from tests.support.link import counting_link

_DELAY = 0.04
_RATE = 1_000_000
_MEGABYTE = 1_000_000
_GO_AHEAD = b"G\x00\x00\x00\x09\x01\x00\x01\x00\x01"
_READY = b"Z\x00\x00\x00\x05I"
_PART = b"C\x00\x00\x00\x0bSELECT\x00"
_ERROR = b"E\x00\x00\x00\x05\x00"
_NOTICE = b"N\x00\x00\x00\x05\x00"


@pytest.fixture
def through(empty: ConnectionSettings) -> Iterator[tuple[Link, ConnectionSettings]]:
    with counting_link(empty) as link:
        yield link


def slow_line(settings: ConnectionSettings, delay: float = _DELAY, rate: float | None = None) -> Link:
    return Link(Path(settings.host) / f".s.PGSQL.{settings.port}", delay=delay, rate=rate)


def over(link: Link, settings: ConnectionSettings) -> ConnectionSettings:
    return replace(settings, host=link.host, port=link.port, sslmode="disable")


def numbers(rows: int) -> pl.DataFrame:
    return pl.select(pl.int_range(rows).alias("number"))


async def exchange(connection: asyncpg.Connection) -> None:
    """Everything that a run does on a connection: scripts, arguments, COPY both ways, notices and errors."""
    await connection.execute("begin; create temp table t (number bigint)")
    await copy_frame(connection, "pg_temp.t", numbers(300_000))
    await copy_frame(connection, "pg_temp.t", numbers(1))
    await connection.execute("commit; do $$ begin raise notice 'a'; raise notice 'b'; end $$")
    assert await fetch_json(connection, "select to_json(count(*)) from t") == [300_001]
    assert len(await connection.fetch("select generate_series(1, 100000)")) == 100_000
    await connection.execute("insert into t select $1::int", 1)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.execute("select 1 / 0")
    await connection.execute(f"drop table t; select length('{'x' * _MEGABYTE}')")


async def test_turns_and_bytes_are_those_of_the_line(through: tuple[Link, ConnectionSettings]) -> None:
    link, settings = through
    with counting_traffic() as traffic:
        assert traffic.network() is None
        async with keeping_connections():
            for _ in range(2):
                async with connected(settings) as connection:
                    await exchange(connection)
            async with connected(settings), connected(settings) as second:
                await second.execute("select")
            assert network_so_far() == traffic.network()
        network = traffic.network()
    assert network_so_far() is None
    counts = link.counts()
    assert network is not None
    assert counts.connections == 2
    assert counts.turns > 20
    assert counts.sent > 10 * _MEGABYTE
    assert counts.received > _MEGABYTE
    assert (network.connections, network.turns) == (counts.connections, counts.turns)
    assert (network.bytes_sent, network.bytes_received) == (counts.sent, counts.received)


async def test_blocks_count_their_own_connections_and_those_of_blocks_within(
    warehouse: ConnectionSettings,
) -> None:
    async def use() -> None:
        async with connected(warehouse) as connection:
            await connection.execute("select")

    with counting_traffic() as outer:
        await use()
        with counting_traffic() as inner:
            await asyncio.gather(use(), asyncio.to_thread(asyncio.run, use()))
        await use()
    await use()
    networks = [traffic.network() for traffic in (outer, inner)]
    assert [network and network.connections for network in networks] == [4, 2]
    assert [network and network.turns for network in networks] == [12, 6]


async def test_the_round_trip_is_the_delay_of_the_line(empty: ConnectionSettings) -> None:
    with slow_line(empty) as link, counting_traffic() as traffic:
        async with connected(over(link, empty)) as connection:
            for _ in range(10):  # the shortest counts, so that a busy machine has to be busy in all of them
                await connection.execute("select pg_sleep(0.01)")
                await connection.execute("select")
    network = traffic.network()
    assert network is not None
    assert 2000 * _DELAY <= network.round_trip_ms < 3000 * _DELAY
    assert network.turns == 22
    assert network.sending_seconds == 0
    assert network.waiting_seconds == pytest.approx(23 * network.round_trip_ms / 1000, rel=0.01)


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [(_READY, _READY, True), (_READY, _ERROR, False), (_READY, _NOTICE, False), (_PART, _READY, False)],
    ids=["an answer", "an error", "a notice", "the rest of an answer"],
)
def test_an_answer_alone_is_a_round_trip(first: bytes, second: bytes, counts: bool) -> None:
    """What a server sends without being asked can arrive right after the client has sent something."""
    traffic = ConnectionTraffic()
    for wait, received in ((0.05, first), (0.0, second)):
        traffic.on_sent(ord("Q"), 10)
        time.sleep(wait)
        traffic.on_received(received)
    assert traffic.turns == 2
    assert traffic.round_trip is not None
    assert (traffic.round_trip < 0.05) == counts


@pytest.mark.parametrize("answers", [(_GO_AHEAD, _PART + _READY), (_GO_AHEAD + _PART + _READY,)])
def test_a_copy_is_one_turn_however_its_answers_arrive(answers: tuple[bytes, ...]) -> None:
    traffic = ConnectionTraffic()
    for kind in b"Qdc":
        traffic.on_sent(kind, 10)
    for answer in answers:
        traffic.on_received(answer)
    assert traffic.turns == 1


@pytest.mark.parametrize("rest", [b"C" + bytes(4), b"N\xff\xff\xff\xf0", b"S\x80\x00\x00\x00" + _READY])
def test_the_rest_of_a_value_may_read_like_any_header(rest: bytes) -> None:
    traffic = ConnectionTraffic()
    for data in (_PART, rest, _READY):
        traffic.on_sent(ord("Q"), 10)
        traffic.on_received(data)
    assert traffic.turns == 3


@pytest.mark.slow
async def test_a_narrow_line_is_told_while_bytes_go_out_and_afterwards(empty: ConnectionSettings) -> None:
    events: list[progress.Progress] = []
    with slow_line(empty, 0.01, _RATE) as link, counting_traffic() as traffic:
        async with connected(over(link, empty)) as connection:
            await connection.execute("create temp table t (number bigint)")
            await copy_frame(connection, "pg_temp.t", numbers(100))
            with progress.listening(events.append):
                await copy_frame(connection, "pg_temp.t", numbers(500_000))  # 7 MB
    sending = [event for event in events if event.step == "copy.sending"]
    assert 2 <= len(sending) <= 4
    assert [event.done for event in sending] == sorted({event.done or 0 for event in sending})
    rates = [float(event.detail.split(", ")[1].removesuffix(" MB/s")) for event in sending]
    assert all(0.7 < rate < 1.3 for rate in rates), sending
    assert sending[0].done is not None
    assert 1.4 * _MEGABYTE < sending[0].done < 2.6 * _MEGABYTE
    network = traffic.network()
    assert network is not None
    assert 6 < network.sending_seconds < 9
    assert network.waiting_seconds > network.sending_seconds


def test_the_line_for_people() -> None:
    network = Network(51.62, 1, 11, 212_345, 4_000, 0.619, 0.0)
    assert network.summary == (
        "round trip 52 ms, 11 turns on 1 connection, 0.2 MB sent, about 0.6 s of waiting"
    )
    network = Network(0.21, 2, 1, 18_412_345, 4_000, 12.34, 9.81)
    assert network.summary == (
        "round trip 0.2 ms, 1 turn on 2 connections, 18 MB sent, about 12 s of waiting, 9.8 s of it to send"
    )
    assert "14 kB sent" in replace(network, bytes_sent=14_200).summary


@pytest.mark.slow
async def test_two_that_send_at_a_time_wait_once(empty: ConnectionSettings) -> None:
    async def send(settings: ConnectionSettings) -> None:
        async with connected(settings) as connection:
            await connection.execute("create temp table t (number bigint)")
            await copy_frame(connection, "pg_temp.t", numbers(100_000))  # 1.4 MB

    with slow_line(empty, 0.01, _RATE) as link, counting_traffic() as traffic:
        await asyncio.gather(*(send(over(link, empty)) for _ in range(2)))
    network = traffic.network()
    assert network is not None
    assert 2 < network.sending_seconds < 4
