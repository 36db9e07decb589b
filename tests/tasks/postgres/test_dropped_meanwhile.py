"""A relation that another session drops while it is read: an error that a retry may fix."""

from __future__ import annotations

import pytest

from tasks.errors import WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connected, driver_errors_mapped


async def test_a_relation_that_is_gone(empty: ConnectionSettings) -> None:
    async with connected(empty) as connection:
        with pytest.raises(WarehouseBusy, match="dropped or replaced") as raised, driver_errors_mapped(empty):
            await connection.execute("select brin_summarize_new_values(4294967294)")
    assert raised.value.next_step
