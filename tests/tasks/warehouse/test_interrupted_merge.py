"""The session ends inside the script that merges a load: whole batches only, and the next run completes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.errors import Transient
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.fingerprint import Fingerprint
from tests.support.expected import assert_exactly
from tests.support.plain_run import run, state
from tests.support.scenario import BATCH_BYTES, FIRST, SECOND, Story, assert_whole_batches, clean_fingerprints
from tests.support.slow import slow_but
from tests.support.soak import count

# Ends the session that writes to a table for the second time; a sequence does not roll back.
_TRAP = """
create sequence public.writes;
create function public.end_session() returns trigger language plpgsql as $$
begin
    if nextval('public.writes') = 2 then
        perform pg_terminate_backend(pg_backend_pid());
    end if;
    return null;
end
$$;
create trigger trap after {event} on {table} for each statement execute function public.end_session();
"""
# In the order of the script.
WRITES = (
    ("retail_ops.feed", "insert"),
    ("retail_ops.quarantine", "delete"),
    ("retail_ops.delivery_attempt", "insert"),
    ("retail_ops.delivery", "insert"),
    ("retail_dwh.dim_product", "insert"),
    ("retail_dwh.dim_product", "update"),
    ("retail_dwh.dim_customer", "insert"),
    ("retail_dwh.dim_country", "insert"),
    ("retail_dwh.dim_invoice", "insert"),
    ("retail_dwh.fact_sale", "insert"),
    ("retail_ops.line_source", "insert"),
    ("retail_ops.delivery", "update"),
    ("retail_dwh.fact_sale", "update"),
    ("retail_ops.line_source", "delete"),
    ("retail_dwh.fact_sale", "delete"),
    ("retail_dwh.dim_invoice", "delete"),
    ("retail_ops.quality_score", "insert"),
    ("retail_ops.quarantine", "insert"),
    ("retail_ops.delivery_attempt", "update"),
)


@pytest.fixture(scope="module")
def clean(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Fingerprint]:
    """Fingerprints of clean loads of the first and of the second contents."""
    return asyncio.run(clean_fingerprints(server, template, tmp_path_factory.mktemp("clean")))


@pytest.mark.parametrize(("table", "event"), slow_but(WRITES[8:9], WRITES))
async def test_in_a_replacement(
    warehouse: ConnectionSettings,
    tmp_path: Path,
    clean: dict[str, Fingerprint],
    table: str,
    event: str,
) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    await run(warehouse, tmp_path, [story.folder])
    story.mark_loaded(FIRST)
    story.write(SECOND)
    async with connected(warehouse) as connection:
        await connection.execute(_TRAP.format(table=table, event=event))

    with pytest.raises(Transient):
        await run(warehouse, tmp_path, [story.folder], replace_anyway=True, batch_bytes=BATCH_BYTES)
    count("sessions ended")
    committed = await assert_whole_batches(warehouse, story, SECOND)
    assert committed <= 1

    await run(warehouse, tmp_path, [story.folder], replace_anyway=True, batch_bytes=BATCH_BYTES)
    await assert_exactly(warehouse, story.expected_lines(SECOND))
    assert await state(warehouse) == clean["second"]
