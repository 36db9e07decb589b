"""schemathesis finds no 5xx but the documented 501 and 503, and no answer that the document does not have."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from api.app import create_app
from api.passwords import hash_password
from api.settings import ApiSettings
from blocks.user_list import ApiUser
from tasks.postgres.connect import ConnectionSettings
from tests.api.conftest import environment_of
from tests.support.age import make_key
from tests.support.api_server import ApiServer, serving
from tests.support.prefect_server import PrefectServer

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# In ASCII: schemathesis sends credentials in Latin-1.
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def api(
    api_warehouse: ConnectionSettings,
    prefect_server: PrefectServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ApiServer]:
    """The API with a vault. It runs one flow at a time and answers 503 to the requests that would start a second."""
    folder = tmp_path_factory.mktemp("schemathesis")
    settings = {
        "RETAIL_VAULT": str(folder / "vault"),
        "RETAIL_VAULT_RECIPIENTS": make_key(folder / "identity"),
        "RETAIL_VAULT_IDENTITY": str(folder / "identity"),
    }
    users = tuple(
        ApiUser(name, role, hash_password(PASSWORD))
        for name, role in (("vera", "viewer"), ("otto", "operator"))
    )
    with (
        temporary_settings({PREFECT_API_URL: prefect_server.url}),
        environment_of(api_warehouse, folder / "data", **settings),
        serving(create_app(ApiSettings(users, runs=1, deployments=False))) as running,
    ):
        yield running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("user", "selection"),
    [("vera", ()), ("otto", ("--include-method", "POST"))],
    ids=["all as a viewer", "POST as an operator"],
)
def test_every_answer_is_documented(
    api: ApiServer, tmp_path: Path, user: str, selection: tuple[str, ...]
) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION)),
            *("run", f"{api.url}/openapi.json", "--no-color", *selection),
        ],
        cwd=tmp_path,
        env={**os.environ, "API_USER": user, "API_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
