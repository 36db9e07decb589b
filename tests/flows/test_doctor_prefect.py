"""A PREFECT_API_URL at which another HTTP server answers."""

from __future__ import annotations

from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.doctor_inputs import _ask_version
from tasks.doctor.finding import Status
from tasks.doctor.prefect_server import PrefectServer, examine_prefect
from tests.support.receivers import http_receiver


async def test_server_that_is_not_prefect() -> None:
    with http_receiver() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/nothing"
        with temporary_settings({PREFECT_API_URL: url}):
            (finding,) = await examine_prefect(PrefectServer(url, "3.9.1", _ask_version))
    assert finding.status is Status.PROBLEM
    assert f"{url} answers with 501" in finding.what
    assert "ends with /api" in finding.fix
