"""The health of the warehouse, in at most two turns, whatever it is."""

from __future__ import annotations

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.warehouse.migrate import head_revision
from tests.api.conftest import environment_of
from tests.support.api_server import ApiServer, serving
from tests.support.link import counting_link


def test_lives_without_a_password(api: ApiServer) -> None:
    answer = api.anyone.get("/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_health_of_a_loaded_warehouse(api: ApiServer) -> None:
    health = api.viewer.get("/api/v1/supabase/health").json()
    assert health["status"] == "warning"  # real data has prices of 0
    assert health["schema_revision"] == head_revision()
    tables = {table["name"]: table for table in health["tables"]}
    assert tables["retail_dwh.fact_sale"]["exists"]
    assert health["integrity"]["passed"]
    assert health["integrity"]["stored"]
    anew = api.viewer.get("/api/v1/supabase/health", params={"integrity": "true"}).json()
    assert anew["integrity"]["examined_at"] > health["integrity"]["examined_at"]
    assert not anew["integrity"]["stored"]
    assert anew["integrity"]["counts"] == health["integrity"]["counts"]


def test_connection(api: ApiServer, api_warehouse: ConnectionSettings) -> None:
    facts = api.viewer.get("/api/v1/supabase/connection").json()
    assert facts["address"] == api_warehouse.display
    assert facts["role"] == api_warehouse.user
    assert (facts["pool"]["size"], facts["pool"]["overflow"]) == (10, 20)
    assert facts["pool"]["in_use"] >= 0


def test_monitoring(api: ApiServer) -> None:
    report = api.viewer.get("/api/v1/supabase/monitoring/connection").json()
    findings = {finding["name"]: finding for finding in report["findings"]}
    assert {"connection_time_p50", "connection_time_p95", "tls", "locks", "last_run"} <= set(findings)
    assert findings["connection_time_p50"]["value"] > 0
    order = ["ok", "warning", "critical"]
    assert report["status"] == max((finding["status"] for finding in report["findings"]), key=order.index)


def test_a_critical_finding_is_told_with_200(
    api_warehouse: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    strict = {"RETAIL_HEALTH_CONNECTION_MS": "0.001,0.002"}
    with environment_of(api_warehouse, tmp_path_factory.mktemp("data"), **strict), serving() as api:
        answer = api.viewer.get("/api/v1/supabase/monitoring/connection")
    assert (answer.status_code, answer.json()["status"]) == (200, "critical")


def test_a_database_without_our_schema_is_told(
    empty: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with environment_of(empty, tmp_path_factory.mktemp("data")), serving() as api:
        for query in ("", "?integrity=true"):
            answer = api.viewer.get(f"/api/v1/supabase/health{query}")
            assert answer.status_code == 200, answer.text
            health = answer.json()
            assert (health["status"], health["schema_revision"], health["integrity"]) == (
                "critical",
                None,
                None,
            )
            assert not any(table["exists"] for table in health["tables"])


@pytest.mark.parametrize("query", ["", "?integrity=true"])
def test_at_most_two_turns(
    api_warehouse: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory, query: str
) -> None:
    with (
        counting_link(api_warehouse) as (link, through),
        environment_of(through, tmp_path_factory.mktemp("data")),
        serving() as api,
    ):
        path = f"/api/v1/supabase/health{query}"
        assert api.viewer.get(path).status_code == 200
        before = link.counts_now()
        assert api.viewer.get(path).status_code == 200
        assert 0 < (link.counts_now() - before).turns <= 2
