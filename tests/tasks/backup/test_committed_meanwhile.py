"""A backup reads the catalogue again unless no transaction at all committed since its snapshot."""

from __future__ import annotations

from tasks.backup.dump.holder import has_committed_since, holding_snapshot, patiently_connected
from tasks.postgres.connect import ConnectionSettings, connected


async def test_notices_a_commit_and_nothing_else(empty: ConnectionSettings) -> None:
    async with (
        connected(empty) as changing,
        patiently_connected(empty) as connection,
        connected(empty) as other,
        holding_snapshot(connection, empty, ()) as holder,
    ):
        await changing.execute("begin; create schema shop")
        assert not await has_committed_since(other, holder)
        await changing.execute("commit")
        assert await has_committed_since(other, holder)


async def test_notices_the_commit_of_a_transaction_that_began_before_the_snapshot(
    empty: ConnectionSettings,
) -> None:
    async with (
        connected(empty) as changing,
        patiently_connected(empty) as connection,
        connected(empty) as other,
    ):
        await changing.execute("begin; create schema shop")
        async with holding_snapshot(connection, empty, ()) as holder:
            assert not await has_committed_since(other, holder)
            await changing.execute("commit")
            assert await has_committed_since(other, holder)
