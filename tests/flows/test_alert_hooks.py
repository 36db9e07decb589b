"""State change hooks of retail_etl: crash, cancellation, no channel, no Prefect, missing block, slow channel."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling, Completed, Crashed, Failed, Pending

from flows import retail_etl, retail_withdraw, state_hooks
from tests.support.alert_samples import SECRET
from tests.support.prefect_server import PrefectServer, free_port
from tests.support.receivers import http_receiver


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))


async def create_run(feed: str) -> FlowRun:
    async with get_client() as client:
        return await client.create_flow_run(retail_etl, parameters={"feed": feed}, state=Pending())


async def test_crash_cancellation_and_failure(
    prefect_api: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_SLACK_NOTIFICATIONS", "true")
    with http_receiver() as web:
        monkeypatch.setenv("PIPELINE_SLACK_WEBHOOK_URL", web.url(f"/services/{SECRET}"))
        run = await create_run("hooked")
        crashed: State[None] = Crashed(message=f"Process exited with status code: -9. {SECRET}")
        await state_hooks.notify_crash(retail_etl, run, crashed)
        await state_hooks.notify_cancellation(retail_etl, run, Cancelling())
        await state_hooks.notify_failure(retail_etl, run, Failed(message=SECRET, data=ValueError(SECRET)))
    assert web.headlines == [
        "Critical: Run crashed: retail-etl",
        "Warning: Run cancelled: retail-etl",
        "Error: Run failed: retail-etl",
    ]
    texts = [message["blocks"][1]["text"]["text"] for message in web.accepted]
    assert texts[0] == (
        "What happened: Its process ended with exit code -9. It was killed; the machine may have run out of memory."
    )
    # The text of an unexpected error may hold a secret.
    assert texts[2] == "What happened: An unexpected error (ValueError); the run's log has the details."
    assert SECRET not in str(web.accepted)


async def test_a_dry_run_notifies_nobody(prefect_api: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SLACK_NOTIFICATIONS", "true")
    async with get_client() as client:
        # A deployment's run holds only what it was given.
        shown, done = [
            await client.create_flow_run(
                retail_withdraw, parameters={"name": "a.csv"} | given, state=Pending()
            )
            for given in ({}, {"confirm": True})
        ]
    with http_receiver() as web:
        monkeypatch.setenv("PIPELINE_SLACK_WEBHOOK_URL", web.url(f"/services/{SECRET}"))
        await state_hooks.notify_failure(retail_withdraw, shown, Failed())
        assert web.headlines == []
        await state_hooks.notify_failure(retail_withdraw, done, Failed())
    assert web.headlines == ["Error: Run failed: retail-withdraw"]


async def test_no_request_to_prefect_without_channels(caplog: pytest.LogCaptureFixture) -> None:
    run = FlowRun(id=uuid4(), flow_id=uuid4(), parameters={}, deployment_id=uuid4())
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        started = time.monotonic()
        for hook in (
            state_hooks.notify_failure,
            state_hooks.notify_completion,
            state_hooks.notify_crash,
            state_hooks.notify_cancellation,
        ):
            await hook(retail_etl, run, Completed())
    assert time.monotonic() - started < 0.5
    assert caplog.records == []


async def test_missing_block_is_logged(prefect_api: PrefectServer, caplog: pytest.LogCaptureFixture) -> None:
    run = await create_run("hooked")
    run.parameters["alerts"] = "nobody"
    await state_hooks.notify_failure(retail_etl, run, Failed())
    assert (
        "No alert was sent about the end of this run: alerts: Prefect has no Alerts block 'nobody'"
        in caplog.text
    )


async def test_hook_times_out(
    prefect_api: PrefectServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PIPELINE_SLACK_NOTIFICATIONS", "true")
    monkeypatch.setattr(state_hooks, "_SECONDS", 1.0)
    with http_receiver(seconds=3.0) as web:
        monkeypatch.setenv("PIPELINE_SLACK_WEBHOOK_URL", web.url(f"/services/{SECRET}"))
        started = time.monotonic()
        await state_hooks.notify_failure(retail_etl, await create_run("slow"), Failed())
        assert time.monotonic() - started < 2.5
    assert "No alert was sent about the end of this run: it took longer than 1 s." in caplog.text
