"""A PREFECT_API_URL at which another HTTP server answers."""

from __future__ import annotations

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.doctor_inputs import _ask_version
from tasks.doctor.finding import Status
from tasks.doctor.prefect_server import PrefectServer, examine_prefect
from tests.support.receivers import http_receiver


@pytest.mark.parametrize(
    ("code", "what"), [(501, "answers with 501"), (200, "answers, but not as Prefect does")]
)
async def test_server_that_is_not_prefect(code: int, what: str) -> None:
    with http_receiver(read_code=code) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/nothing"
        with temporary_settings({PREFECT_API_URL: url}):
            (finding,) = await examine_prefect(PrefectServer(url, "3.9.1", _ask_version))
    assert finding.status is Status.PROBLEM
    assert f"{url} {what}" in finding.what
    assert "ends with /api" in finding.fix
