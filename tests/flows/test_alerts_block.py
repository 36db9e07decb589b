"""A saved Alerts block provides the channels; it overrides the environment."""

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_slack import SlackWebhook
from pydantic import SecretStr

from blocks import Alerts, lookup
from blocks.settings_sources import resolve
from tasks.alerts.delivery import deliver
from tasks.errors import SettingsError
from tests.support.alert_samples import QUICK, SECRET, sample
from tests.support.prefect_server import PrefectServer
from tests.support.receivers import http_receiver


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
            policy = await lookup.notification_policy(name, resolve())
            assert [channel.minimum for channel in policy.channels] == ["error", "critical"]
            assert policy.quiet_seconds == 1800
            results = await deliver(sample("crashed"), policy.channels, limits=QUICK)
            assert [result.outcome for result in results] == ["sent", "sent"]
        assert len(web.accepted) == 4
        with pytest.raises(SettingsError, match="no Alerts block 'day-shift'"):
            await lookup.notification_policy("day-shift", resolve())
    documents = prefect_server.get("/block_documents/filter", {})
    assert SECRET not in str(documents)
