"""An address at which something answers that is no Prefect server."""

from __future__ import annotations

from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.doctor_inputs import _ask_version
from tasks.doctor.finding import Status
from tasks.doctor.prefect_server import PrefectServer, examine_prefect
from tests.support.receivers import http_receiver


async def test_an_address_that_is_no_prefect_server() -> None:
    with http_receiver() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/nothing"
        with temporary_settings({PREFECT_API_URL: url}):
            (found,) = await examine_prefect(PrefectServer(url, "3.9.1", _ask_version))
    assert found.status is Status.PROBLEM
    assert f"{url} answers with 501" in found.what
    assert "ends with /api" in found.fix
