"""Without sources nothing is loaded; the bundled data is loaded only where it is asked for by name."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from flows import retail_etl
from tasks.errors import SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.prefect_server import PrefectServer


@pytest.mark.parametrize(
    "given", [{}, {"sources": None}, {"sources": []}, {"sources": ""}, {"sources": [""]}]
)
async def test_a_flow_without_sources_fails(given: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=r"sources: none are given.*retail demo"):
        await retail_etl.fn(**given)


async def _quick_run(retail: Retail) -> str:
    """Run a deployment without parameters, as a worker does; return the message of its failure."""
    async with get_client() as client:
        flow_id = await client.create_flow(retail_etl)
        deployment = await client.create_deployment(
            flow_id,
            "without-sources",
            parameters={},
            parameter_openapi_schema=retail_etl.parameters.model_dump_for_openapi(),
            enforce_parameter_schema=True,
            entrypoint="flows.etl.retail_etl",
            path=str(Path(__file__).parents[2]),
        )
        run = await client.create_flow_run_from_deployment(deployment)
        arguments = [sys.executable, "-m", "prefect", "flow-run", "execute", str(run.id)]
        await asyncio.to_thread(retail.run, arguments, 180)
        ended = await client.read_flow_run(run.id)
        await client.delete_deployment(deployment)
    assert ended.state is not None
    assert ended.state.is_failed()
    return ended.state.message or ""


@pytest.mark.slow
async def test_a_quick_run_of_a_deployment_fails_and_loads_nothing(
    retail: Retail, prefect_api: PrefectServer, warehouse: ConnectionSettings
) -> None:
    message = await _quick_run(retail)
    assert "sources: none are given" in message
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_dwh.fact_sale") == 0
        assert await connection.fetchval("select count(*) from retail_ops.run") == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--confirm", "another"), "--confirm another is not the name of the database"),
        (("--warehouse", "ADDRESS"), "The bundled data would be loaded into"),
    ],
)
async def test_the_demo_loads_into_a_warehouse_of_yours_only_when_confirmed(
    retail: Retail, warehouse: ConnectionSettings, arguments: tuple[str, ...], said: str
) -> None:
    given = [warehouse.display if argument == "ADDRESS" else argument for argument in arguments]
    ended = retail("demo", *given)
    assert ended.code == 2
    assert said in ended.err
    assert f"--confirm {warehouse.database}" in ended.err
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_dwh.fact_sale") == 0
