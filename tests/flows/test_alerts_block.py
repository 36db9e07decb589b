"""An Alerts block that was saved in Prefect says who is told; it beats the environment."""

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_slack import SlackWebhook
from pydantic import SecretStr

from blocks import Alerts, chosen
from blocks.environment import resolve
from tasks.errors import SettingsError
from tasks.report.alerts.deliver import deliver
from tests.prefect_server import PrefectServer
from tests.tasks.report.alerts.receivers import http_receiver
from tests.tasks.report.alerts.samples import QUICK, SECRET, sample


async def test_saved_and_loaded(prefect_server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with temporary_settings({PREFECT_API_URL: prefect_server.url}), http_receiver() as web:
        block = Alerts(
            slack=SlackWebhook(url=SecretStr(web.url(f"/services/{SECRET}"))),
            slack_minimum="error",
            pager_urls=[SecretStr(web.url(f"/{SECRET}", scheme="json"))],
            quiet_minutes=30,
        )
        for _ in range(2):
            await block.asave("night-shift", overwrite=True)
        monkeypatch.setenv("RETAIL_ALERTS", "night-shift")
        for name in ("night-shift", ""):
            audience = await chosen.alerts(name, resolve())
            assert [one.minimum for one in audience.channels] == ["error", "critical"]
            assert audience.quiet_seconds == 1800
            results = await deliver(sample("crashed"), audience.channels, patience=QUICK)
            assert [one.outcome for one in results] == ["sent", "sent"]
        assert len(web.taken) == 4
        with pytest.raises(SettingsError, match="no Alerts block 'day-shift'"):
            await chosen.alerts("day-shift", resolve())
    documents = prefect_server.get("/block_documents/filter", {})
    assert SECRET not in str(documents)
