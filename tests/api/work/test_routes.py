"""The routes that start work, over HTTP."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

import flows
from api.app import create_app
from api.models.work import BackupRequest, LoadRequest, OfVault, ProveRequest, RestoreRequest
from api.settings import ApiSettings
from api.work import operations
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load_lock import locked_transaction
from tests.api.conftest import environment_of
from tests.support.age import make_key
from tests.support.api_server import USERS, ApiServer, serving
from tests.support.prefect_server import PrefectServer
from tests.support.slices import invoices, write


@pytest.fixture(scope="module")
def api(
    api_warehouse: ConnectionSettings,
    prefect_server: PrefectServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ApiServer]:
    """The API with a vault; other tests on the shared Prefect server may serve the deployments of prefect.yaml."""
    folder = tmp_path_factory.mktemp("work")
    settings = {
        "RETAIL_VAULT": str(folder / "vault"),
        "RETAIL_VAULT_RECIPIENTS": make_key(folder / "identity"),
        "RETAIL_VAULT_IDENTITY": str(folder / "identity"),
    }
    with (
        temporary_settings({PREFECT_API_URL: prefect_server.url}),
        environment_of(api_warehouse, folder / "data", **settings),
        serving(create_app(ApiSettings(USERS, deployments=False))) as running,
    ):
        yield running


def post(api: ApiServer, path: str, body: Any = None, **more: Any) -> httpx.Response:
    return api.operator.post(f"/api/v1{path}", json=body, **more)


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    details: dict[str, Any] = response.json()
    assert details["next_step"]
    return details


def until_ended(api: ApiServer, address: str) -> dict[str, Any]:
    end = time.monotonic() + 90
    while True:
        run: dict[str, Any] = api.viewer.get(address).raise_for_status().json()
        if run["has_ended"] or time.monotonic() > end:
            return run
        time.sleep(0.2)


def test_a_backup_of_a_table_is_started_and_found_at_its_address(api: ApiServer) -> None:
    answer = post(api, "/supabase/backup/table/dim_product")
    assert answer.status_code == 202, answer.text
    started = answer.json()
    assert answer.headers["location"] == f"/api/v1/runs/{started['id']}"
    assert (started["flow"], started["has_ended"], started["is_repeat"]) == ("retail-backup", False, False)
    run = until_ended(api, answer.headers["location"])
    assert (run["state"], run["backup"]["report"]["tables"]) == ("completed", ["retail_dwh.dim_product"])


@pytest.mark.slow
def test_a_backup_is_waited_for_then_verified_proven_and_planned_to_be_restored(api: ApiServer) -> None:
    made = post(api, "/supabase/backup/create?wait=90")
    assert made.status_code == 200, made.text
    backup = made.json()["backup"]["backup"]
    for path in (f"/backups/{backup}/verify", f"/backups/{backup[:13]}/prove"):
        done = post(api, f"{path}?wait=90")
        assert done.status_code == 200, done.text
        assert (done.json()["state"], done.json()["backup"]["backup"]) == ("completed", backup)
    plan = post(api, "/restore?wait=90", {"backup": backup})
    assert plan.status_code == 200, plan.text
    assert plan.json()["backup"]["report"]["done"] is False
    refused = post(api, "/restore?wait=90", {"backup": backup, "confirm": "another"})
    assert refused.status_code == 200, refused.text
    assert refused.json()["state"] == "failed"
    assert "the confirmation names another" in refused.json()["message"]


def test_a_load_with_a_key_that_is_sent_again(api: ApiServer, tmp_path: Path) -> None:
    body = {"sources": [str(write(tmp_path / "one.csv", invoices()["536365"]))], "feed": "north"}
    key = {"Idempotency-Key": f"load-{uuid4()}"}
    first = post(api, "/etl/runs?wait=90", body, headers=key)
    assert first.status_code == 200, first.text
    assert first.json()["load"]["rows_loaded"] == 7
    assert "idempotency-replayed" not in first.headers
    again = post(api, "/etl/runs", body, headers=key)
    assert (again.json()["id"], again.json()["is_repeat"]) == (first.json()["id"], True)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    other = problem(post(api, "/etl/runs", {**body, "feed": "south"}, headers=key), 422)
    assert "Idempotency-Key" in other["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/supabase/backup/table/dim_produkt", None, 404, "Did you mean dim_product"),
        ("/supabase/backup/table/fact_sale; drop table x", None, 404, "Did you mean fact_sale"),
        ("/supabase/backup/create", {"tables": ["x.y"]}, 422, "body.tables"),
        ("/supabase/backup/create?wiat=3", None, 422, "query.wiat"),
        ("/supabase/backup/create?wait=121", None, 422, "query.wait"),
        ("/backups/nosuchbackup/verify", None, 404, "nosuchbackup"),
        ("/backups/nosuchbackup/prove", None, 404, "nosuchbackup"),
        ("/restore", {}, 422, "No backup is chosen"),
        ("/restore", {"backup": "x", "last_good": True}, 422, "both choose a backup"),
        ("/restore", {"last_good": "yes"}, 422, "body.last_good"),
        ("/etl/runs", {"source": ["a.csv"]}, 422, "body.source"),
        ("/etl/runs", None, 422, "sources: none are given"),
        ("/etl/runs", {"sources": "day.csv"}, 422, "it is not an array"),
        (
            "/etl/runs",
            {"sources": ["day.csv"], "columns": ["a=Quantity"]},
            422,
            "it is not an object",
        ),
        ("/etl/runs", {"sources": []}, 422, "sources: none are given"),
        ("/etl/runs", {"sources": None}, 422, "sources: none are given"),
        ("/etl/runs", {"quality_threshold": 101}, 422, "threshold"),
        ("/etl/runs", {"date_format": "%Q"}, 422, "date_format"),
        ("/etl/runs", {"sources": ["https://user:secret@shop/x.csv"]}, 422, "password"),
        ("/quarantine/replay", None, 501, "not built yet"),
    ],
)
def test_what_is_refused(api: ApiServer, path: str, body: Any, status: int, words: str) -> None:
    answer = post(api, path, body)
    problem(answer, status)
    assert words in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/supabase/backup/create", "/etl/runs", "/restore", "/quarantine/replay"])
def test_a_viewer_starts_nothing(api: ApiServer, path: str) -> None:
    assert api.viewer.post(f"/api/v1{path}", json={"backup": "x"}).status_code == 403
    assert api.anyone.post(f"/api/v1{path}", json={"backup": "x"}).status_code == 401


def test_a_run_that_is_not_ours(api: ApiServer) -> None:
    problem(api.viewer.get(f"/api/v1/runs/{uuid4()}"), 404)


def test_a_wait_ends_in_time_and_with_the_client(
    api: ApiServer, api_warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    source = str(write(tmp_path / "two.csv", invoices()["536366"]))

    async def hold() -> None:
        async with connected(api_warehouse) as holder, locked_transaction(holder, api_warehouse):
            waited = await asyncio.to_thread(post, api, "/etl/runs?wait=2", {"sources": [source]})
            assert (waited.status_code, waited.json()["state"]) == (202, "running")
            impatient = partial(post, headers={"Idempotency-Key": "gone"}, timeout=3)
            with pytest.raises(httpx.ReadTimeout):
                await asyncio.to_thread(impatient, api, "/etl/runs?wait=90", {"sources": [source]})
            end = time.monotonic() + 5
            slots = api.app.state.retail.waits
            while slots._value != 50 and time.monotonic() < end:
                await asyncio.sleep(0.1)
            assert slots._value == 50, "the server still waits for a client that has gone"

    asyncio.run(hold())
    # The run outlived its client.
    again = post(api, "/etl/runs?wait=90", {"sources": [source]}, headers={"Idempotency-Key": "gone"})
    assert (again.json()["is_repeat"], again.json()["state"]) == (True, "completed")


@pytest.mark.parametrize(
    ("model", "operation", "unoffered"),
    [
        (BackupRequest, operations.BACKUP, {"tables", "warehouse"}),
        (OfVault, operations.VERIFY, {"backup", "warehouse"}),
        (ProveRequest, operations.PROVE, {*operations.RESTORE.defaults, "warehouse"}),
        (RestoreRequest, operations.RESTORE, {"prove", "server"}),
        (LoadRequest, operations.LOAD, set()),
    ],
)
def test_the_models_offer_the_parameters_of_the_flows(
    model: Any, operation: operations.Operation, unoffered: set[str]
) -> None:
    parameters = inspect.signature(getattr(flows, operation.name).fn).parameters
    assert set(model.model_fields) == set(parameters) - unoffered
    for name, field in model.model_fields.items():
        assert field.get_default(call_default_factory=True) == parameters[name].default, name
