"""An address in the place of a block's name is refused unquoted at every door, before Prefect is asked."""

from __future__ import annotations

import sys
from typing import Any
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks.names import is_block_name
from flows import retail_alert, retail_doctor, retail_etl, retail_withdraw
from tasks.errors import SettingsError
from tests.flows.conftest import Retail
from tests.support.prefect_server import free_port
from tests.support.slow import slow_but

MARK = "xq7Kmarked"
ADDRESS = f"postgresql://ann:{MARK}@db.example.com/sales"
WEBHOOK = f"https://hooks.slack.com/services/T0/B0/{MARK}"
FLOWS: list[tuple[Any, dict[str, Any]]] = [
    (retail_etl, {}),
    (retail_withdraw, {"name": "till.csv"}),
    (retail_doctor, {}),
]


_DOORS: list[tuple[list[str], dict[str, str]]] = [
    (["etl", "x.csv", "--warehouse", f"ann:{MARK}@db/sales"], {}),
    (["etl", "x.csv", "--warehouse", ADDRESS], {}),
    (["etl", "x.csv", "--alerts", WEBHOOK], {}),
    (["etl", "x.csv", "--feed", ADDRESS], {}),
    (["etl", "x.csv", "--retries", ADDRESS], {}),
    (["etl", "x.csv"], {"RETAIL_WAREHOUSE": ADDRESS}),
    (["etl", "x.csv"], {"RETAIL_ALERTS": WEBHOOK}),
    (["etl", "x.csv"], {"PIPELINE_DEFAULT_RETRIES": ADDRESS}),
    (["doctor", "--alerts", WEBHOOK], {}),
    (["settings"], {"RETAIL_WAREHOUSE": f"host=db password={MARK}"}),
    (["settings", "--alerts", ADDRESS], {}),
    (["settings"], {"RETAIL_VAULT": f"s3://key:{MARK}@bucket/retail"}),
    (["settings"], {"RETAIL_VAULT": f"Key {MARK}"}),
    (["settings"], {"RETAIL_VAULT_ENDPOINT": f"https://key:{MARK}@store.example.com"}),
    (["settings"], {"RETAIL_VAULT_RECIPIENTS": f"AGE-SECRET-KEY-1{MARK}"}),
    (["settings"], {"RETAIL_VAULT_IDENTITY": f"AGE-SECRET-KEY-1{MARK}"}),
    (["settings"], {"RETAIL_MANIFEST_KEY": MARK}),
    (["sql", "select 1"], {"RETAIL_WAREHOUSE": ADDRESS}),
]


@pytest.mark.parametrize(("arguments", "settings"), slow_but(_DOORS[1::3], _DOORS))
def test_on_the_command_line(plain_retail: Retail, arguments: list[str], settings: dict[str, str]) -> None:
    ended = plain_retail(*arguments, **settings)
    assert ended.code == 2, ended.err
    assert MARK not in ended.out + ended.err
    assert "Traceback" not in ended.err


def test_settings_that_are_shown(plain_retail: Retail) -> None:
    wrong = {"PIPELINE_SMTP_HOST": f"smtp://robot:{MARK}@mail", "RETAIL_WORKSPACE": f"/tmp/password={MARK}"}
    for flag in ([], ["--json"]):
        ended = plain_retail("settings", *flag, **wrong)
        assert ended.code == 0, ended.err
        assert "smtp://robot:********@mail" in ended.out
        assert MARK not in ended.out + ended.err


def test_the_doctor(plain_retail: Retail) -> None:
    ended = plain_retail(
        "doctor", RETAIL_WAREHOUSE=ADDRESS, RETAIL_ALERTS=WEBHOOK, DATABASE_URL="postgresql://a@h:6543/b"
    )
    assert ended.code == 1
    for name in ("RETAIL_WAREHOUSE", "RETAIL_ALERTS"):
        assert f"{name} (from environment): is not the name of a block" in ended.out
    assert MARK not in ended.out + ended.err


def test_blocks_of_a_deployment(plain_retail: Retail) -> None:
    ended = plain_retail.run([sys.executable, "-m", "deployments.blocks", "--name", ADDRESS])
    assert ended.code == 2
    assert "not the name of a block" in ended.err
    assert MARK not in ended.out + ended.err


@pytest.mark.parametrize(("flow", "parameters"), FLOWS)
@pytest.mark.parametrize("name", ["warehouse", "alerts"])
async def test_as_a_parameter(flow: Any, parameters: dict[str, Any], name: str) -> None:
    """Nothing listens where Prefect's API should be: it would be missed if it were asked."""
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        for value in (ADDRESS, WEBHOOK, "A Block"):
            with pytest.raises(SettingsError, match=f"{name}: this is not the name of a block") as caught:
                await flow(**parameters, **{name: value})
            assert value not in f"{caught.value!r}{caught.value.attributes}"
            # What a worker does with the parameters of a deployment's run, which Prefect logs as they are.
            with pytest.raises(SettingsError, match="not the name of a block"):
                flow.validate_parameters({**parameters, name: value})
    pattern = flow.parameters.properties[name]["pattern"]
    assert pattern == "^([a-z0-9-]+)?$"


async def test_an_address_with_a_password_in_any_parameter() -> None:
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        for wrong in ({"sources": [f"s3://key:{MARK}@bucket/x.csv"]}, {"feed": ADDRESS}, {"root": ADDRESS}):
            with pytest.raises(SettingsError, match="Prefect stores and shows parameters") as caught:
                await retail_etl(**wrong)
            assert MARK not in str(caught.value)
        with pytest.raises(SettingsError, match="not the name of a block"):
            await retail_alert(uuid4(), "crashed", WEBHOOK)


def test_what_a_name_is() -> None:
    assert all(map(is_block_name, ("retail", "night-shift", "shop-2", "embedded")))
    assert not any(map(is_block_name, ("", "Retail", "a_b", "a b", "retail\n", "a.b", "caf\u00e9", ADDRESS)))
