"""The real Prometheus scrapes ``retail api``, with the configuration of deployments/monitoring."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tasks.postgres.connect import ConnectionSettings
from tests.flows.conftest import Retail, as_url
from tests.flows.test_api_command import PASSWORD, api_user, served
from tests.support.plain_run import run
from tests.support.prometheus import running_prometheus
from tests.support.slices import days, write

_CONFIGURATION = Path(__file__).parents[2] / "deployments" / "monitoring" / "prometheus.yaml"


def _configuration(password_file: Path, address: str) -> str:
    """The configuration of the project, which has Prometheus' own time limit of 10 s, asked more often."""
    configuration = yaml.safe_load(_CONFIGURATION.read_text())
    configuration["global"] = {"scrape_interval": "10s", "scrape_timeout": "10s"}
    configuration.pop("rule_files", None)
    (job,) = configuration["scrape_configs"]
    job["basic_auth"] |= {"username": "prometheus", "password_file": str(password_file)}
    job["static_configs"] = [{"targets": [address.removeprefix("http://")]}]
    text: str = yaml.safe_dump(configuration)
    return text


@pytest.mark.slow
async def test_prometheus_scrapes_the_api(
    plain_retail: Retail, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    """The first scrape is within the time limit, also where no Prefect server is set up."""
    await run(warehouse, tmp_path / "work", [write(tmp_path / "day.csv", days(1, 1))])
    user = api_user(plain_retail, "prometheus").stdout.strip()
    password = tmp_path / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    more = {"DATABASE_URL": as_url(warehouse), "RETAIL_API_USERS": user}
    with (
        served(plain_retail, **more) as (address, _),
        running_prometheus(tmp_path, _configuration(password, address)) as prometheus,
    ):
        assert "PREFECT_API_URL" not in plain_retail.environment
        prometheus.wait_for(lambda: bool(prometheus.query("up")), 40)
        (up,) = prometheus.query("up")
        assert up["value"][1] == "1", prometheus.get("targets")
        (seconds,) = prometheus.query("scrape_duration_seconds")
        assert float(seconds["value"][1]) < 10
        samples = prometheus.query('retail_runs_total{status="completed"}')
        assert [sample["value"][1] for sample in samples] == ["1"]
