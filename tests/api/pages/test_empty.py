"""Pages that have nothing to show say what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.app import create_app
from api.settings import ApiSettings
from tasks.postgres.connect import ConnectionSettings
from tests.api.conftest import environment_of
from tests.api.pages.test_pages import PAGES, Elements
from tests.support.api_server import USERS, ApiServer, serving

HTML = {"accept": "text/html"}


def texts(api: ApiServer) -> dict[str, str]:
    answers = {path: api.viewer.get(path, headers=HTML) for path in PAGES}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {path: Elements(answer.text).text for path, answer in answers.items()}


def test_a_warehouse_without_lines(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.mkdir(mode=0o700)
    with environment_of(warehouse, tmp_path, RETAIL_VAULT=str(vault)), serving() as api:
        found = texts(api)
    for path in PAGES:
        assert "Next:" in found[path], path
    assert "retail etl" in found["/"]
    assert "retail backup" in found["/backups"]
    assert "nothing to do" in found["/quarantine"]


def test_a_database_without_a_schema(empty: ConnectionSettings, tmp_path: Path) -> None:
    with environment_of(empty, tmp_path), serving() as api:
        found = texts(api)
    for path in PAGES[:-1]:
        assert "it has no retail schema yet" in found[path], path
        assert "Next:" in found[path], path
    assert "RETAIL_VAULT" in found["/backups"]


def test_a_database_that_cannot_be_asked(tmp_path: Path) -> None:
    nowhere = ConnectionSettings("127.0.0.1", 1, sslmode="disable", user="retail")
    app = create_app(ApiSettings(USERS))
    with environment_of(nowhere, tmp_path, RETAIL_CONNECT_SECONDS="1"), serving(app) as api:
        answer = api.viewer.get("/", headers=HTML)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Next:" in Elements(answer.text).text


@pytest.mark.parametrize(
    "path", ["/quality?feed=nobody", "/deliveries?feed=nobody", "/quarantine?feed=nobody"]
)
def test_a_feed_that_is_not_there(api: ApiServer, path: str) -> None:
    text = Elements(api.viewer.get(path).text).text
    assert "nobody" in text
    assert "Next:" in text
