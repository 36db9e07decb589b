"""What is in the warehouse, as the API tells it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.statistics import TABLES
from tests.support.api_server import ApiServer


def get(api: ApiServer, path: str, **query: str | int) -> Any:
    answer = api.viewer.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["location"]: error["message"] for error in answer.json()["errors"]}


async def test_sales_are_those_of_the_warehouse(api: ApiServer, api_warehouse: ConnectionSettings) -> None:
    page = get(api, "/api/v1/sales", page_size=2)
    async with connected(api_warehouse) as connection:
        row = await connection.fetchrow(
            "select count(*) as lines, sum(total_amount) as amount from retail_dwh.fact_sale"
        )
    assert page["total"] == row["lines"]
    assert page["totals"] == [{"currency": "GBP", "lines": row["lines"], "amount": str(row["amount"])}]
    first, second = page["items"]
    assert (first["invoice_no"], first["day"], first["sold_at"]) == (
        "536365",
        "2010-12-01",
        "2010-12-01T08:26:00Z",
    )
    assert Decimal(first["unit_price"]) * Decimal(first["quantity"]) == Decimal(first["total_amount"])
    next_page = get(api, "/api/v1/sales", page_size=1, page=2)
    assert next_page["items"] == [second]
    beyond = get(api, "/api/v1/sales", page=1000)
    assert (beyond["items"], beyond["total"]) == ([], row["lines"])


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"from": "2010-12-02"}, "s.sold_at_local::date >= '2010-12-02'"),
        ({"to": "2010-12-01"}, "s.sold_at_local::date <= '2010-12-01'"),
        ({"feed": "leeds"}, "s.feed = 'leeds'"),
        ({"product": "85123a"}, "s.stock_code = '85123A'"),
        ({"country": "France"}, "s.country = 'France'"),
        (
            {"feed": "default", "country": "France", "from": "2010-12-01", "to": "2010-12-01"},
            "s.country = 'France' and s.feed = 'default' and s.sold_at_local::date = '2010-12-01'",
        ),
        ({"feed": "nobody' or true --"}, "false"),
    ],
)
async def test_sales_by_filter(
    api: ApiServer, api_warehouse: ConnectionSettings, query: dict[str, str], where: str
) -> None:
    page = get(api, "/api/v1/sales", page_size=1000, **query)
    async with connected(api_warehouse) as connection:
        rows = await connection.fetch(
            f"select s.invoice_no, s.stock_code, s.total_amount::text from retail_dwh.sale_line s where {where}"
        )
    assert page["total"] == len(rows)
    asked = sorted((sale["invoice_no"], sale["stock_code"], sale["total_amount"]) for sale in page["items"])
    assert asked == sorted(tuple(row) for row in rows)[:1000] or len(rows) > 1000


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("sold_at", lambda sale: sale["sold_at"]),
        ("amount", lambda sale: Decimal(sale["total_amount"])),
        ("quantity", lambda sale: Decimal(sale["quantity"])),
    ],
)
def test_sales_sorted(api: ApiServer, sort: str, key: Callable[[Any], Any]) -> None:
    upwards = [key(sale) for sale in get(api, "/api/v1/sales", sort=sort, page_size=200)["items"]]
    assert upwards == sorted(upwards)
    downwards = [key(sale) for sale in get(api, "/api/v1/sales", sort=f"-{sort}", page_size=200)["items"]]
    assert downwards == sorted(downwards, reverse=True)
    assert downwards[0] > upwards[0]


def test_ledger(api: ApiServer) -> None:
    deliveries = get(api, "/api/v1/deliveries")
    assert deliveries["total"] == 3
    (leeds,) = get(api, "/api/v1/deliveries", feed="leeds")["items"]
    assert leeds["rows_quarantined"] == 1
    assert (leeds["rows_passed_over"], leeds["passed_over"], leeds["notes"], leeds["vanished_at"]) == (
        0,
        {},
        [],
        None,
    )
    rejects = get(api, "/api/v1/rejects", feed="leeds")
    assert rejects["total"] == 1
    (line,) = rejects["items"]
    assert (line["delivery"], line["rule"], line["value"]) == (leeds["name"], "quantity_readable", "six")
    assert get(api, "/api/v1/rejects", delivery=leeds["name"]) == rejects
    assert get(api, "/api/v1/rejects", feed="default")["total"] == 0
    missing = api.viewer.get("/api/v1/rejects", params={"delivery": "nothing.csv"})
    assert (missing.status_code, missing.json()["error_type"]) == (404, "DeliveryMissing")


def test_runs(api: ApiServer) -> None:
    runs = get(api, "/api/v1/runs")
    assert (runs["total"], len(runs["items"])) == (2, 2)
    assert get(api, "/api/v1/runs", status="failed")["total"] == 0
    last = runs["items"][0]
    assert "stages" in last["use"]
    run = get(api, f"/api/v1/runs/{last['run_id']}")
    assert (run["flow"], run["state"], run["load"]["deliveries"]) == (
        "retail-etl",
        "completed",
        {"loaded": 1},
    )
    details = run["details"]
    assert [attempt["outcome"] for attempt in details["attempts"]] == ["loaded"]
    assert details["run_id"] == last["run_id"]
    missing = api.viewer.get("/api/v1/runs/00000000-0000-0000-0000-000000000000")
    assert missing.status_code == 404
    assert "GET /api/v1/runs" in missing.json()["next_step"]


def test_quality_by_attempt(api: ApiServer) -> None:
    quality = get(api, "/api/v1/quality", feed="leeds")
    assert quality["total"] == 1
    (attempt,) = quality["items"]
    assert {score["dimension"]: score["error_lines"] for score in attempt["dimensions"]}["validity"] == 1
    assert get(api, "/api/v1/quality", run=attempt["run_id"]) == quality
    assert get(api, "/api/v1/quality", delivery="nothing")["total"] == 0


def test_statistics(api: ApiServer) -> None:
    statistics = get(api, "/api/v1/supabase/statistics")
    assert sorted(table["table_name"] for table in statistics["tables"]) == sorted(TABLES)
    assert statistics["lints"] == {}


def test_configuration_shows_no_secret(api: ApiServer) -> None:
    settings = {row["name"]: row for row in get(api, "/api/v1/supabase/config")["settings"]}
    assert settings["DATABASE_URL"]["origin"] == "environment"
    assert settings["PIPELINE_SMTP_PASSWORD"]["value"] == ""


def test_lineage(api: ApiServer) -> None:
    lineage = get(api, "/api/v1/lineage/dim_country")
    assert lineage["table"] == "retail_dwh.dim_country"
    assert get(api, "/api/v1/lineage/retail_dwh.dim_country") == lineage
    assert "delivery" in lineage["upstream"]
    assert api.viewer.get("/api/v1/lineage/pg_class").status_code == 404


def test_metrics(api: ApiServer) -> None:
    answer = api.viewer.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "retail_schema_info{" in answer.text


@pytest.mark.parametrize(
    ("path", "query", "location", "example"),
    [
        ("/api/v1/sales", "from=20111209", "query.from", "2011-12-09"),
        ("/api/v1/sales", "to=09.12.2011", "query.to", "2011-12-09"),
        ("/api/v1/sales", "from=0", "query.from", "2011-12-09"),
        ("/api/v1/sales", "from=2011-02-30", "query.from", "2011-12-09"),
        ("/api/v1/sales", "page=1.0", "query.page", "20"),
        ("/api/v1/sales", "page=0", "query.page", "1"),
        ("/api/v1/sales", "page_size=1001", "query.page_size", "1000"),
        ("/api/v1/sales", "sort=price", "query.sort", "-amount"),
        ("/api/v1/sales", "feed=%00", "query.feed", "pattern"),
        ("/api/v1/sales", "cuontry=France", "query.cuontry", "country"),
        ("/api/v1/sales", "feed=a&feed=b", "query.feed", "more than once"),
        ("/api/v1/rejects", "history=yes", "query.history", "true nor false"),
        ("/api/v1/health", "x=1", "query.x", "none"),
    ],
)
def test_a_parameter_that_is_not_as_documented(
    api: ApiServer, path: str, query: str, location: str, example: str
) -> None:
    assert example in refused(api.viewer.get(f"{path}?{query}"))[location]
