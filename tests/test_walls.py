"""Each import-linter contract holds on the tree, and breaks on an import that it forbids."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OPTIONS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = [contract["name"] for contract in OPTIONS["contracts"]]

PACKAGES = "Only api and deployments import flows, which import blocks, which import tasks"
STAGES = "Data passes the stages in one direction"
PREFECT = "In tasks only steps, retries and the alert store know Prefect"
STEPS = "Only flows run steps and open the alert store"
RETRIES = "Only flows and steps retry"
BLOCKS = "Blocks know plain modules only"
LOOKUP = "Only flows and what deploys them load blocks"
LINEAGE = "Only the sinks of lineage know the OpenLineage client"
CLI = "Nothing imports the command line"

# module that gets the import, the import, the contracts that it breaks
PLANTED = [
    ("tasks/doctor/tls.py", "import blocks.settings", {PACKAGES}),
    ("tasks/doctor/tls.py", "from flows.request import EtlRequest", {PACKAGES}),
    ("blocks/lookup.py", "def lazily():\n    from flows.etl import retail_etl", {PACKAGES, BLOCKS}),
    ("flows/etl.py", "import deployments.blocks", {PACKAGES}),
    ("api/__init__.py", "import deployments.blocks", {PACKAGES}),
    ("flows/etl.py", "import api.app", {PACKAGES}),
    ("flows/cli/etl.py", "def lazily():\n    from api.serve import serve", {PACKAGES}),
    ("api/app.py", "from flows.cli.api import api", {CLI}),
    ("tasks/ingest/bronze.py", "from tasks.validate import contract", {STAGES}),
    ("tasks/warehouse/ledger.py", "import tasks.report.markdown", {STAGES}),
    ("tasks/postgres/connect.py", "from tasks.warehouse import ledger", {STAGES}),
    ("tasks/postgres/connect.py", "from tasks.workspace import outputs", {STAGES}),
    ("tasks/errors/root.py", "from tasks import progress", {STAGES}),
    ("tasks/validate/contract.py", "import prefect", {PREFECT}),
    ("tasks/alerts/notify.py", "def lazily():\n    from prefect.variables import Variable", {PREFECT}),
    ("tasks/errors/root.py", "from prefect.exceptions import PrefectException", {PREFECT}),
    ("tasks/alerts/channels/slack.py", "import prefect_slack", {PREFECT}),
    ("tasks/alerts/channels/email.py", "from prefect_email import EmailServerCredentials", {PREFECT}),
    ("tasks/postgres/pool.py", "from prefect_sqlalchemy import AsyncSqlAlchemyConnector", {PREFECT}),
    ("tasks/warehouse/ledger.py", "from tasks.warehouse.steps import load_batch", {STEPS}),
    ("tasks/alerts/notify.py", "from tasks.alerts.prefect_store import VariableAlertStore", {STEPS}),
    ("deployments/schedules.py", "from tasks.ingest import steps", {STEPS}),
    ("tasks/warehouse/ledger.py", "from tasks.retries import step", {RETRIES}),
    ("blocks/warehouse.py", "from tasks.warehouse import steps", {STEPS, BLOCKS}),
    ("blocks/warehouse.py", "from tasks.retries import RetryPolicy", {RETRIES, BLOCKS}),
    ("blocks/warehouse.py", "from blocks import lookup", {LOOKUP}),
    ("tasks/report/lineage/emitter.py", "from openlineage.client.event_v2 import RunEvent", {LINEAGE}),
    ("tasks/report/run_report.py", "def lazily():\n    from tasks.report.lineage import events", {LINEAGE}),
    # A stage folder that the order of stages does not name.
    ("tasks/weather/__init__.py", "", {STAGES}),
    ("flows/pipeline.py", "from flows.cli.summary import print_summary", {CLI}),
    ("deployments/blocks.py", "from flows.cli import main", {CLI}),
]


# One process checks all of them: it costs more to start than to check.
LINT = """
import json, sys
from pathlib import Path
import importlinter.cli  # configures import-linter
from importlinter.application import use_cases

holds = use_cases.lint_imports("pyproject.toml", cache_dir=None)
options = use_cases.read_user_options("pyproject.toml")
found = []
for name, statement in json.load(sys.stdin):
    module = Path(name)
    before = module.read_text() if module.exists() else None
    module.parent.mkdir(exist_ok=True)
    module.write_text(f"{before or ''}\\n{statement}\\n")
    report = use_cases.create_report(options, cache_dir=None)
    found.append([contract.name for contract, check in report.get_contracts_and_checks() if not check.kept])
    if before is None:
        module.unlink()
        module.parent.rmdir()
    else:
        module.write_text(before)
print(json.dumps([holds, found]))
"""


@dataclass(frozen=True)
class Linted:
    """Whether the contracts hold on the tree, and the contracts that each planted import breaks."""

    holds: bool
    broken: dict[tuple[str, str], set[str]]
    output: str


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> Linted:
    folder = tmp_path_factory.mktemp("tree")
    skipped = shutil.ignore_patterns("__pycache__", "*.parquet")
    for package in OPTIONS["root_packages"]:
        shutil.copytree(ROOT / package, folder / package, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", folder)
    plants = [(module, statement) for module, statement, _ in PLANTED]
    command = [sys.executable, "-c", LINT]
    done = subprocess.run(
        command, cwd=folder, input=json.dumps(plants), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    holds, found = json.loads(done.stdout.splitlines()[-1])
    return Linted(holds, dict(zip(plants, map(set, found), strict=True)), done.stdout)


def test_contracts_hold_on_the_tree(linted: Linted) -> None:
    assert linted.holds, linted.output


@pytest.mark.parametrize(("module", "statement", "broken"), PLANTED)
def test_planted_import_breaks_its_contracts(
    linted: Linted, module: str, statement: str, broken: set[str]
) -> None:
    assert linted.broken[module, statement] == broken


def test_every_contract_has_a_planted_import() -> None:
    assert set().union(*(broken for *_, broken in PLANTED)) == set(CONTRACTS)
