"""Within a run, a warehouse that was waited for in vain costs no second wait."""

from __future__ import annotations

import asyncio
import time

import pytest

from tasks.errors import WarehouseUnreachable
from tasks.postgres.connect import connect, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.postgres.patience import one_wait
from tests.support.servers import tcp_server

pytestmark = pytest.mark.slow


async def test_later_connections_try_once(server: EmbeddedServer) -> None:
    with tcp_server(server.psql().parent) as small:
        async with connected(small.settings()):
            pass
        small.stop()
        gone = small.settings(connect_seconds=3)
        with one_wait():
            began = time.monotonic()
            # Two side by side are one wait, also if one of them began later.
            first = asyncio.create_task(connect(gone))
            await asyncio.sleep(1.5)
            with pytest.raises(WarehouseUnreachable):
                await connect(gone)
            with pytest.raises(WarehouseUnreachable):
                await first
            for _ in range(3):
                with pytest.raises(WarehouseUnreachable):
                    await connect(gone)
            assert time.monotonic() - began < 5.5
            # It is patient again once the warehouse has answered.
            small.start()
            async with connected(gone):
                small.stop()
            began = time.monotonic()
            with pytest.raises(WarehouseUnreachable):
                await connect(gone)
            assert time.monotonic() - began > 2
