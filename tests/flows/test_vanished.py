"""Deliveries that their folder no longer has are reported, told once, and withdrawn only when that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import retail_etl
from tasks.errors import DeliveriesFailed, SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.report.markdown import as_markdown
from tasks.report.run_report import RunReport
from tests.flows.conftest import Retail
from tests.support.alert_receivers import LINE, Receivers
from tests.support.plain_run import assert_accounted, state

VANISHED = "Warning: Deliveries vanished from their folder: retail-etl"
RECOVERED = "Recovered (Deliveries vanished from their folder): retail-etl"


def _inbox(receivers: Receivers) -> Path:
    return receivers.folder / "in"


def _deliver(receivers: Receivers, *numbers: int) -> None:
    _inbox(receivers).mkdir(exist_ok=True)
    for number in numbers:
        receivers.deliver(f"in/day-{number}.csv", LINE.replace("536365", str(600_000 + number)))


async def _run(receivers: Receivers, source: str = "", **parameters: object) -> RunReport:
    report: RunReport = await retail_etl(
        sources=source or str(_inbox(receivers)), retries=0, warehouse="", **parameters
    )
    return report


def _names(names: tuple[str, ...]) -> list[str]:
    return [Path(name).name for name in names]


async def test_told_once_until_it_is_there_again(receivers: Receivers, warehouse: ConnectionSettings) -> None:
    _deliver(receivers, 1, 2, 3)
    assert (await _run(receivers)).vanished == ()
    (_inbox(receivers) / "day-2.csv").unlink()
    first = await _run(receivers)
    assert _names(first.vanished) == _names(first.newly_vanished) == ["day-2.csv"]
    assert first.status == "completed"
    assert "day-2.csv" in as_markdown(first)
    again = await _run(receivers)
    assert (_names(again.vanished), again.newly_vanished) == (["day-2.csv"], ())
    assert receivers.slack.headlines == [VANISHED]
    text = str(receivers.slack.accepted[0])
    assert "day-2.csv" in text
    assert "--vanished ignore" in text
    assert "--withdraw-vanished" in text
    assert (await state(warehouse)).lines == 3

    (_inbox(receivers) / "day-1.csv").unlink()
    assert _names((await _run(receivers)).newly_vanished) == ["day-1.csv"]
    assert receivers.slack.headlines == [VANISHED] * 2

    _deliver(receivers, 1, 2)
    assert (await _run(receivers)).vanished == ()
    assert receivers.slack.headlines[2:] == [RECOVERED]
    (_inbox(receivers) / "day-2.csv").unlink()
    assert _names((await _run(receivers)).newly_vanished) == ["day-2.csv"]
    assert receivers.slack.headlines[3:] == [VANISHED]


async def test_withdrawn_when_asked_for(receivers: Receivers, warehouse: ConnectionSettings) -> None:
    _deliver(receivers, 1, 2, 3)
    await _run(receivers)
    (_inbox(receivers) / "day-2.csv").unlink()
    await _run(receivers)
    report = await _run(receivers, withdraw_vanished=True)
    assert report.outcomes == {"unchanged": 2, "withdrawn": 1}
    assert (report.vanished, report.tables["fact_sale"]) == ((), 2)
    assert receivers.slack.headlines == [VANISHED, RECOVERED]
    assert (await state(warehouse)).lines == 2
    await assert_accounted(warehouse)
    async with connected(warehouse) as connection:
        withdrawn = await connection.fetch(
            "select name from retail_ops.delivery_attempt where outcome = 'withdrawn'"
        )
    assert [Path(row["name"]).name for row in withdrawn] == ["day-2.csv"]
    assert (await _run(receivers)).nothing_new


async def test_a_folder_that_is_empty_or_nearly_so_is_not_withdrawn(
    receivers: Receivers, warehouse: ConnectionSettings
) -> None:
    _deliver(receivers, 1, 2, 3)
    await _run(receivers)
    for number in (1, 2):
        (_inbox(receivers) / f"day-{number}.csv").unlink()
    with pytest.raises(DeliveriesFailed, match=r"2 of the 3 lines that came from there.*--replace") as failed:
        await _run(receivers, withdraw_vanished=True)
    report = failed.value.attributes["report"]
    assert report.outcomes == {"unchanged": 1, "refused": 2}
    assert [one.refusal for one in report.deliveries if one.outcome == "refused"] == ["replacement_guard"] * 2
    assert receivers.slack.headlines == ["Error: Run failed: retail-etl"]
    (_inbox(receivers) / "day-3.csv").unlink()
    with pytest.raises(DeliveriesFailed, match="3 of the 3 lines"):
        await _run(receivers, withdraw_vanished=True)
    assert (await state(warehouse)).lines == 3

    _deliver(receivers, 4)
    report = await _run(receivers, withdraw_vanished=True, replace=True)
    assert report.outcomes == {"loaded": 1, "withdrawn": 3}
    assert (await state(warehouse)).lines == 1


@pytest.mark.slow
async def test_ignored_where_the_feed_says_so(receivers: Receivers, warehouse: ConnectionSettings) -> None:
    _deliver(receivers, 1, 2, 3)
    await _run(receivers)
    (_inbox(receivers) / "day-1.csv").unlink()
    assert _names((await _run(receivers)).newly_vanished) == ["day-1.csv"]
    for given in ({"vanished": "ignore"}, {}):  # kept in the feed
        report = await _run(receivers, **given)
        assert (report.vanished, report.newly_vanished) == ((), ())
        assert report.nothing_new
    with pytest.raises(SettingsError, match="feed default ignores vanished deliveries"):
        await _run(receivers, withdraw_vanished=True)
    assert _names((await _run(receivers, vanished="report")).newly_vanished) == ["day-1.csv"]
    assert (await _run(receivers)).newly_vanished == ()


@pytest.mark.slow
async def test_a_source_that_is_not_there_misses_nothing(receivers: Receivers) -> None:
    _deliver(receivers, 1)
    await _run(receivers)
    _inbox(receivers).rename(receivers.folder / "unmounted")
    with pytest.raises(DeliveriesFailed, match="no such file or folder") as failed:
        await _run(receivers, withdraw_vanished=True, replace=True)
    assert failed.value.attributes["report"].vanished == ()


@pytest.mark.slow
async def test_of_another_feed_or_another_folder(receivers: Receivers) -> None:
    _deliver(receivers, 1, 2)
    await _run(receivers)
    (_inbox(receivers) / "day-1.csv").unlink()
    other = await _run(receivers, feed="other", accept_known_bytes=True)
    assert other.vanished == ()
    assert (await _run(receivers, source=str(_inbox(receivers) / "day-2.csv"))).vanished == ()


@pytest.mark.slow
def test_shown_on_the_terminal(retail: Retail, tmp_path: Path, days: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for day in ("2010-12-05", "2010-12-06"):
        (folder / f"{day}.csv").write_bytes((days / f"{day}.csv").read_bytes())
    assert retail("etl", str(folder)).code == 0
    (folder / "2010-12-05.csv").unlink()
    ended = retail("etl", str(folder))
    assert ended.code == 0, ended.err
    assert f"Vanished from the sources, and still loaded: {folder / '2010-12-05.csv'}" in ended.out


async def test_read_by_other_settings(receivers: Receivers, warehouse: ConnectionSettings) -> None:
    _deliver(receivers, 1, 2, 3)
    await _run(receivers)
    (_inbox(receivers) / "day-2.csv").unlink()
    taken = {"columns": {"unit_price": "UnitPrice"}, "take_mapping": True}
    report = await _run(receivers, **taken)
    assert report.outcomes == {"replaced": 2}
    assert _names(report.vanished) == _names(report.newly_vanished) == ["day-2.csv"]
    report = await _run(receivers, withdraw_vanished=True)
    assert report.outcomes == {"unchanged": 2, "withdrawn": 1}
    assert (await state(warehouse)).lines == 2
