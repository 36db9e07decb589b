"""A deployment that was registered before the form had plain fields still runs, as a worker runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from flows import retail_etl
from tests.flows.conftest import Retail
from tests.support.prefect_server import PrefectServer

FORM = json.loads((Path(__file__).parents[1] / "support/form_before_first_release.json").read_text())
LINE = "536365,85123A,CANDLE,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


@pytest.mark.slow
async def test_nulls_that_a_deployment_stored_mean_not_given(
    retail: Retail, prefect_api: PrefectServer, tmp_path: Path
) -> None:
    (tmp_path / "day.csv").write_text(f"{HEAD}\n{LINE}\n")
    stored = {name: field["default"] for name, field in FORM["properties"].items()}
    assert stored["root"] is None
    assert stored["quality_threshold"] is None
    async with get_client() as client:
        flow_id = await client.create_flow(retail_etl)
        deployment = await client.create_deployment(
            flow_id,
            "registered-before",
            parameters=stored,
            parameter_openapi_schema=FORM,
            enforce_parameter_schema=True,
            entrypoint="flows.etl.retail_etl",
            path=str(Path(__file__).parents[2]),
        )
        run = await client.create_flow_run_from_deployment(
            deployment, parameters={"sources": [str(tmp_path / "day.csv")]}
        )
        executed = retail.run([sys.executable, "-m", "prefect", "flow-run", "execute", str(run.id)], 180)
        ended = await client.read_flow_run(run.id)
        await client.delete_deployment(deployment)
    assert executed.code == 0, executed.err + executed.out
    assert ended.state is not None
    assert ended.state.is_completed(), executed.err + executed.out
    assert ended.parameters["root"] is None
    loaded = retail("sql", "select timezone, identical_lines from retail_ops.feed where feed = 'default'")
    assert loaded.out.splitlines()[1] == "Europe/London,keep"
