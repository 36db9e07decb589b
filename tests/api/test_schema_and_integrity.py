"""POST: create the schema, and run the integrity checks."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.migrate import head_revision
from tests.api.conftest import environment_of
from tests.support.api_server import ApiServer, serving
from tests.support.older_schema import create_schema_at

VALIDATE = "/api/v1/supabase/integrity/validate"


@pytest.mark.parametrize(("first", "second"), [("schema", "tables"), ("tables", "schema")])
def test_create_the_schema(
    empty: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory, first: str, second: str
) -> None:
    with environment_of(empty, tmp_path_factory.mktemp("data")), serving() as api:
        missing = api.viewer.get("/api/v1/sales")
        assert missing.status_code == 409, missing.text
        assert "no retail schema yet" in missing.json()["detail"]
        created = api.operator.post(f"/api/v1/supabase/{first}/create")
        assert created.status_code == 200, created.text
        report = created.json()
        assert (report["revision"], report["previous_revision"], report["changed"]) == (
            head_revision(),
            None,
            True,
        )
        again = api.operator.post(f"/api/v1/supabase/{second}/create").json()
        assert (again["previous_revision"], again["changed"]) == (head_revision(), False)
        health = api.viewer.get("/api/v1/supabase/health").json()
        assert {table["name"] for table in health["tables"] if table["exists"]} == set(report["tables"])
        assert api.viewer.get("/api/v1/sales").json()["totals"] == []


async def test_a_schema_of_an_earlier_release(
    empty: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await create_schema_at(empty, "0007_run_states")
    with environment_of(empty, tmp_path_factory.mktemp("data")), serving() as api:
        health = api.viewer.get("/api/v1/supabase/health").json()
        assert (health["schema_revision"], health["status"]) == ("0007_run_states", "critical")
        # Prefect alone can know the run, and where it knows none either, there is none.
        assert api.viewer.get(f"/api/v1/runs/{uuid4()}").status_code == 404
        listed = api.viewer.get("/api/v1/runs")
        assert listed.status_code == 409
        assert "0007_run_states" in listed.json()["detail"]
        remembered = api.operator.post("/api/v1/supabase/backup/create", headers={"Idempotency-Key": "one"})
        assert remembered.status_code == 409
        assert "POST /api/v1/supabase/schema/create" in remembered.json()["next_step"]
        assert api.operator.post("/api/v1/supabase/schema/create").json()["changed"]
        assert api.viewer.get("/api/v1/runs").json()["total"] == 0


def test_real_data_passes(api: ApiServer) -> None:
    answer = api.operator.post(VALIDATE)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["passed"]
    assert report["stored"]
    assert {check["name"] for check in report["checks"]} == {check.name for check in built_in_checks()}
    assert any(check["status"] == "warning" and check["samples"] for check in report["checks"])
    health = api.viewer.get("/api/v1/supabase/health").json()
    assert health["integrity"]["examined_at"] == report["examined_at"]


def test_one_check(api: ApiServer) -> None:
    before = api.viewer.get("/api/v1/supabase/health").json()["integrity"]["examined_at"]
    report = api.operator.post(VALIDATE, params={"check": "zero_prices"}).json()
    assert [check["name"] for check in report["checks"]] == ["zero_prices"]
    assert not report["stored"]
    assert api.viewer.get("/api/v1/supabase/health").json()["integrity"]["examined_at"] == before
    unknown = api.operator.post(VALIDATE, params={"check": "zero_price"})
    assert unknown.status_code == 422
    assert "zero_prices" in unknown.json()["next_step"]


async def test_a_check_that_fails(api: ApiServer, api_warehouse: ConnectionSettings) -> None:
    async with connected(api_warehouse) as connection:
        await connection.execute("update retail_dwh.fact_sale set total_amount = total_amount + 1")
    try:
        answer = api.operator.post(VALIDATE)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        problem = json.loads(answer.text)
        assert "wrong_amounts" in problem["detail"]
        assert not problem["report"]["passed"]
        (failed,) = [check for check in problem["report"]["checks"] if check["name"] == "wrong_amounts"]
        assert failed["samples"]
        health = api.viewer.get("/api/v1/supabase/health")
        assert (health.status_code, health.json()["status"]) == (200, "critical")
    finally:
        async with connected(api_warehouse) as connection:
            await connection.execute("update retail_dwh.fact_sale set total_amount = total_amount - 1")
