"""The hooks of retail_etl where the run's process cannot be asked: died, cancelled, no channel, no Prefect."""

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


async def made(feed: str) -> FlowRun:
    async with get_client() as client:
        return await client.create_flow_run(retail_etl, parameters={"feed": feed}, state=Pending())


async def test_died_and_cancelled(prefect_api: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SLACK_NOTIFICATIONS", "true")
    with http_receiver() as web:
        monkeypatch.setenv("PIPELINE_SLACK_WEBHOOK_URL", web.url(f"/services/{SECRET}"))
        run = await made("hooked")
        died: State[None] = Crashed(message=f"Process exited with status code: -9. {SECRET}")
        await state_hooks.notify_crash(retail_etl, run, died)
        await state_hooks.notify_cancellation(retail_etl, run, Cancelling())
        await state_hooks.notify_failure(retail_etl, run, Failed(message=SECRET, data=ValueError(SECRET)))
    assert web.headlines == [
        "Critical: The run died: retail-etl",
        "Warning: The run was cancelled: retail-etl",
        "Error: The run failed: retail-etl",
    ]
    happened = [one["blocks"][1]["text"]["text"] for one in web.taken]
    assert happened[0] == (
        "What happened: Its process ended with exit code -9. It was killed: often the machine was out of memory."
    )
    # The text of an error that is not ours may hold anything.
    assert happened[2] == "What happened: An unexpected error (ValueError): its text is in the run's log."
    assert SECRET not in str(web.taken)


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
    assert web.headlines == ["Error: The run failed: retail-withdraw"]


async def test_without_channels_prefect_is_not_asked(caplog: pytest.LogCaptureFixture) -> None:
    run = FlowRun(id=uuid4(), flow_id=uuid4(), parameters={}, deployment_id=uuid4())
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        began = time.monotonic()
        for hook in (
            state_hooks.notify_failure,
            state_hooks.notify_completion,
            state_hooks.notify_crash,
            state_hooks.notify_cancellation,
        ):
            await hook(retail_etl, run, Completed())
    assert time.monotonic() - began < 0.5
    assert caplog.records == []


async def test_block_that_is_missing_is_told_in_the_log(
    prefect_api: PrefectServer, caplog: pytest.LogCaptureFixture
) -> None:
    run = await made("hooked")
    run.parameters["alerts"] = "nobody"
    await state_hooks.notify_failure(retail_etl, run, Failed())
    assert (
        "People were not told how this run ended: alerts: Prefect has no Alerts block 'nobody'" in caplog.text
    )


async def test_hook_has_an_end(
    prefect_api: PrefectServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PIPELINE_SLACK_NOTIFICATIONS", "true")
    monkeypatch.setattr(state_hooks, "_SECONDS", 1.0)
    with http_receiver(seconds=3.0) as web:
        monkeypatch.setenv("PIPELINE_SLACK_WEBHOOK_URL", web.url(f"/services/{SECRET}"))
        began = time.monotonic()
        await state_hooks.notify_failure(retail_etl, await made("slow"), Failed())
        assert time.monotonic() - began < 2.5
    assert "People were not told how this run ended: it took longer than 1 s." in caplog.text
