"""The alert rules and the dashboard: checked by Prometheus's own tools, and evaluated by the real Prometheus."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.pool import QueryPool
from tasks.postgres.traffic import Network
from tasks.report.metrics import CONTENT_TYPE, warehouse_metrics
from tasks.report.metrics.catalogue import BY_NAME
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tasks.warehouse.ledger import finish_run
from tasks.warehouse.resource_use import Prices, ResourceUse, StageUse
from tests.support.plain_run import new_run, run, start_run
from tests.support.prometheus import MetricsServer, Prometheus, running_prometheus, serving
from tests.support.required import required_program
from tests.support.scrapes import scrape
from tests.support.slices import days, write

FOLDER = Path(__file__).parents[2] / "deployments" / "monitoring"
RULES = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((FOLDER / "grafana.json").read_text())
_USED = re.compile(r"\b(retail_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|=)\s*"([^"]*)"')


def _panels() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


EXPRESSIONS = [(rule["alert"], rule["expr"]) for rule in RULES] + list(_panels())


async def _fill(warehouse: ConnectionSettings, folder: Path) -> None:
    """A warehouse in which everything happened once."""
    await run(warehouse, folder / "workspace", [write(folder / "day.csv", days(1, 1))])
    prices = Prices("EUR", *(Decimal(1),) * 4)
    stages = tuple(
        StageUse(name, 1.0, 0.5, 100) for name in ("prepare", "ingest", "validate", "load", "finish")
    )
    use = ResourceUse(3.0, 2.0, 10**8, 1000, 1000, Network(1.0, 1, 6, 5000, 5000, 0.1, 0.0), stages, prices)
    for _ in range(2):
        this = replace(new_run(), parameters={"feed": "default"})
        await start_run(warehouse, this)
        await finish_run(warehouse, this, "default", "completed", 97.5, (), use=use)
    async with connected(warehouse) as connection:
        await connection.execute(
            "insert into retail_ops.backup select gen_random_uuid(), k, '{}', 'vault', now(), now(), 1, 1, 1, null, null, '' "
            "from (values ('full'), ('table')) as b (k)"
        )
        await connection.execute(
            "insert into retail_ops.backup_proof values ($1, $2, 'vault', now(), 'passed', '{}')",
            uuid4(),
            uuid4(),
        )
    await examine_integrity(warehouse, built_in_checks())


async def test_every_metric_that_is_used_is_scraped(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await _fill(warehouse, tmp_path)
    values = await scrape(warehouse)
    names = {name for name, _ in values}
    used = set()
    for title, expression in EXPRESSIONS:
        for name, matchers in _USED.findall(expression):
            used.add(name)
            assert name in names, f"{title}: {name}"
            for label, operator, value in _MATCHER.findall(matchers):
                if label == "job":
                    continue
                position = list(BY_NAME[name].labels).index(label)
                scraped = {labels[position] for metric, labels in values if metric == name}
                wanted = set(value.split("|")) if operator == "=~" else {value}
                assert wanted <= scraped, f"{title}: {name}{{{matchers}}}"
    assert used == set(BY_NAME), "a metric that nothing shows"


def test_the_dashboard_is_well_formed() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places)), "panels overlap"
    assert max(x for x, _ in places) < 24
    for _, expression in _panels():
        assert expression.count('job=~"$job"') == len(_USED.findall(expression))


def test_every_alert_that_compares_an_age_fires_on_absence() -> None:
    for rule in RULES:
        aged = re.findall(r"time\(\) - (\w+)", rule["expr"])
        assert all(f"absent({metric}" in rule["expr"] for metric in aged), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description"}


def _promtool(*arguments: str) -> None:
    ended = subprocess.run(
        [required_program("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_rules_are_valid(tmp_path: Path) -> None:
    _promtool("check", "rules", "--lint-fatal", "alerts.yaml")
    for file in FOLDER.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    (tmp_path / "retail-password").write_text("secret")
    _promtool("check", "config", str(tmp_path / "prometheus.yaml"))


@pytest.mark.parametrize(
    "file", ["alerts.test.yaml", pytest.param("alerts.days.test.yaml", marks=pytest.mark.slow)]
)
def test_rules_fire_when_they_should(file: str) -> None:
    _promtool("test", "rules", file)


def test_every_alert_is_tested() -> None:
    tested = {
        case["alertname"]
        for file in FOLDER.glob("*.test.yaml")
        for test in yaml.safe_load(file.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert tested == {rule["alert"] for rule in RULES}


def _configuration(password_file: Path, target: int) -> str:
    configuration = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    configuration["global"] = {
        "scrape_interval": "500ms",
        "scrape_timeout": "500ms",
        "evaluation_interval": "500ms",
    }
    configuration["rule_files"] = [str(FOLDER / "alerts.yaml")]
    (job,) = configuration["scrape_configs"]
    job["basic_auth"]["password_file"] = str(password_file)
    job["static_configs"] = [{"targets": [f"127.0.0.1:{target}"]}]
    text: str = yaml.safe_dump(configuration)
    return text


def _values(prometheus: Prometheus, expression: str) -> dict[str, float]:
    return {
        ",".join(
            value for name, value in sample["metric"].items() if name not in {"__name__", "instance", "job"}
        ): float(sample["value"][1])
        for sample in prometheus.query(expression)
    }


@pytest.mark.slow
async def test_prometheus_scrapes_it(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await _fill(warehouse, tmp_path)
    async with connected(warehouse) as connection:
        loaded = await connection.fetchval("select count(*) from retail_dwh.fact_sale")
    async with QueryPool(warehouse) as pool:
        text = await warehouse_metrics(pool, open_alerts=["health"], disk_bytes=500_000_000)
    password = tmp_path / "password"
    password.write_text("wrong")
    served = MetricsServer(text, CONTENT_TYPE, user="viewer", password="right £")
    with (
        serving(served),
        running_prometheus(tmp_path, _configuration(password, served.port)) as prometheus,
    ):
        prometheus.wait_for(lambda: served.refused > 0 and bool(prometheus.query("up")))
        assert _values(prometheus, "up") == {"": 0}
        assert prometheus.query("retail_runs_total") == []
        password.write_text("right £")
        prometheus.wait_for(lambda: _values(prometheus, "up") == {"": 1})
        # A rate needs two scrapes.
        prometheus.wait_for(lambda: served.answered >= 4)
        assert set(served.paths) == {"/metrics"}
        assert _values(prometheus, "retail_runs_total")["completed"] == 3
        assert _values(prometheus, 'retail_lines_total{outcome="loaded"}')["default,loaded"] == loaded
        assert _values(prometheus, "retail_last_run_cost_ratio") == {"": 1}
        assert {
            row["type"] for row in prometheus.get("metadata", metric="retail_runs_total")["retail_runs_total"]
        } == {"counter"}
        empty = []
        for title, expression in _panels():
            if not prometheus.query(expression.replace("$job", ".*")):
                empty.append(title)
        assert empty == []
        rules = prometheus.get("rules")["groups"][0]["rules"]
        assert {rule["name"] for rule in rules} == {rule["alert"] for rule in RULES}
        prometheus.wait_for(
            lambda: all(r["health"] == "ok" for r in prometheus.get("rules")["groups"][0]["rules"])
        )
        assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []
