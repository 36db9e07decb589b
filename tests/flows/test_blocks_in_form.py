"""A block that is opened and saved in Prefect's form keeps what it had; so do the blocks of earlier releases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, product

import pytest
from prefect_email import EmailServerCredentials
from prefect_slack import SlackWebhook
from pydantic import SecretStr

from blocks import Alerts, SupabaseWarehouse, lookup
from tasks.alerts.delivery import deliver
from tasks.errors import SettingsError
from tests.support.alert_samples import QUICK, SECRET, sample
from tests.support.prefect_form import Form, read_document, save_in_form, store_as_before
from tests.support.prefect_server import PrefectServer
from tests.support.receivers import HttpReceiver, MailReceiver, http_receiver, mail_receiver
from tests.support.slow import slow_but

pytestmark = pytest.mark.prefect
SLUG, WAREHOUSE = "retail-alerts", "supabase-warehouse"
FORMS: tuple[Form, ...] = ("older", "newer")
_numbers = count(1)


@dataclass
class Receivers:
    """A Slack channel, a mail server and two pagers."""

    slack: HttpReceiver
    mail: MailReceiver
    first: HttpReceiver
    second: HttpReceiver

    @property
    def received(self) -> tuple[int, int, int, int]:
        return (
            len(self.slack.accepted),
            len(self.mail.accepted),
            len(self.first.accepted),
            len(self.second.accepted),
        )


@contextmanager
def receivers() -> Iterator[Receivers]:
    with http_receiver() as web, mail_receiver() as post, http_receiver() as one, http_receiver() as two:
        yield Receivers(web, post, one, two)


def block_for(to: Receivers) -> Alerts:
    return Alerts(
        slack=SlackWebhook(url=SecretStr(to.slack.url(f"/services/{SECRET}"))),
        email=EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=to.mail.port),
        email_recipients=["night@example.org"],
        pager_urls=[to.first.url("/p", scheme="json"), to.second.url("/p?to=a,b", scheme="json")],
        quiet_minutes=15,
    )


async def alert(name: str, to: Receivers, reached: int) -> None:
    """Load the block, and see that an alert reaches every channel: ``reached`` messages each so far."""
    policy = (await lookup.load_alerts(name)).policy()
    results = await deliver(sample("crashed"), policy.channels, limits=QUICK)
    assert [result.outcome for result in results] == ["sent"] * 4, results
    assert to.received == (reached,) * 4
    assert policy.quiet_seconds == 900


def new_name() -> str:
    return f"in-form-{next(_numbers)}"


@pytest.mark.parametrize(("form", "merge"), slow_but([("newer", False)], product(FORMS, [False, True])))
async def test_every_channel_survives_the_form(prefect_api: PrefectServer, form: Form, merge: bool) -> None:
    name = new_name()
    with receivers() as to:
        await block_for(to).asave(name)
        for opened in range(1, 4):
            save_in_form(prefect_api, SLUG, name, form, merge=merge)
            await alert(name, to, opened)
    document = read_document(prefect_api, SLUG, name)
    assert set(document["block_document_references"]) == {"slack", "email"}
    assert SECRET not in str(document)


@pytest.mark.slow
async def test_both_forms_without_a_run_in_between(prefect_api: PrefectServer) -> None:
    name = new_name()
    with receivers() as to:
        await block_for(to).asave(name)
        for form in ("newer", "newer", "older"):
            save_in_form(prefect_api, SLUG, name, form, quiet_minutes=15)
            if form == "newer":
                await alert(name, to, len(to.slack.accepted) + 1)


async def test_a_channel_that_a_form_removes_is_gone(prefect_api: PrefectServer) -> None:
    name = new_name()
    with receivers() as to:
        await block_for(to).asave(name)
        save_in_form(prefect_api, SLUG, name, "newer", slack=None)
        policy = (await lookup.load_alerts(name)).policy()
    assert [channel.name for channel in policy.channels] == ["email", "pager 1 (json)", "pager 2 (json)"]


async def test_a_lost_secret_is_an_error(prefect_api: PrefectServer) -> None:
    name = new_name()
    with receivers() as to:
        await block_for(to).asave(name)
        save_in_form(prefect_api, SLUG, name, "newer", slack_block="")
        loaded = await lookup.load_alerts(name)
        with pytest.raises(SettingsError, match="Slack webhook of the Alerts block has lost its secret"):
            loaded.policy()


async def store_earlier(server: PrefectServer, name: str, to: Receivers) -> None:
    """Store the Alerts block as the release before did: webhook and mail server inside, pagers in a list."""
    await Alerts.aregister_type_and_schema()
    store_as_before(
        server,
        SLUG,
        name,
        {
            "http://127.0.0.1:1/services/SLACK": to.slack.url(f"/services/{SECRET}"),
            '"smtp_port": 1': f'"smtp_port": {to.mail.port}',
            "json://127.0.0.1:1/PAGER-1": to.first.url("/p", scheme="json"),
            "json://127.0.0.1:1/PAGER-2": to.second.url("/p", scheme="json"),
        },
    )


@pytest.mark.parametrize("form", slow_but(["older"], FORMS))
async def test_channels_of_the_release_before(prefect_api: PrefectServer, form: Form) -> None:
    name = new_name()
    with receivers() as to:
        await store_earlier(prefect_api, name, to)
        await alert(name, to, 1)
        assert set(read_document(prefect_api, SLUG, name)["block_document_references"]) == {"slack", "email"}
        for opened in (2, 3):
            save_in_form(prefect_api, SLUG, name, form)
            await alert(name, to, opened)


@pytest.mark.slow
async def test_the_release_before_in_the_newer_form_first(prefect_api: PrefectServer) -> None:
    name = new_name()
    with receivers() as to:
        await store_earlier(prefect_api, name, to)
        save_in_form(prefect_api, SLUG, name, "newer")
        await alert(name, to, 1)


@pytest.mark.slow
async def test_another_block_of_that_name_is_kept(prefect_api: PrefectServer) -> None:
    name = new_name()
    theirs = SlackWebhook(url=SecretStr("https://hooks.slack.com/services/theirs"))
    await theirs.asave(f"{name}-alerts")
    with receivers() as to:
        await store_earlier(prefect_api, name, to)
        await alert(name, to, 1)
    kept = await SlackWebhook.aload(f"{name}-alerts")
    assert kept.url == theirs.url
    assert (await lookup.load_alerts(name)).slack_block == f"{name}-alerts-2"


@pytest.mark.parametrize("form", slow_but(["older"], FORMS))
async def test_warehouse_of_the_release_before(prefect_api: PrefectServer, form: Form) -> None:
    name = new_name()
    await SupabaseWarehouse.aregister_type_and_schema()
    store_as_before(prefect_api, WAREHOUSE, name, {"db.example.com": "db.example.org"})
    for _ in range(2):
        settings = (await lookup.load_warehouse(name)).connection_settings()
        assert (settings.host, settings.sslmode) == ("db.example.org", "verify-full")
        assert settings.sslrootcert == "/etc/retail/ca.crt"
        assert settings.password is not None
        assert settings.password.get_secret_value() == "WAREHOUSE-PASSWORD"
        save_in_form(prefect_api, WAREHOUSE, name, form)
