"""``retail status``, ``retail deliveries`` and ``retail rejects`` tell what the ledger has."""

from __future__ import annotations

import asyncio
import csv
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.errors import QualityBelowThreshold, WarehouseError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.deliveries import list_deliveries
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tasks.warehouse.rejects import read_rejects
from tasks.warehouse.status import read_state
from tests.flows.conftest import Retail
from tests.support.alert_runs import run
from tests.support.deliveries import as_csv, row, write
from tests.support.link import counting_link
from tests.support.plain_run import run as plain_run
from tests.support.prefect_server import PrefectServer

_GOOD = [row(), row(invoice_no="536366", invoice_date="2010-12-03 09:00:00")]
_POOR = [row(quantity=f"{number} pieces") for number in range(7)]


def _deliver(source: Path) -> Path:
    """Two good deliveries, and one that the quality gate refuses, with a name that a terminal would obey."""
    write(source / "good.csv", as_csv(_GOOD))
    write(
        source / "one fault.csv",
        as_csv([*(row(invoice_no=f"1{n}") for n in range(30)), row(unit_price="1.5.1")]),
    )
    write(source / "poor\x1b[2J.csv", as_csv(_POOR))
    return source


@dataclass(frozen=True)
class Refused:
    """A run with a refused delivery, and the command line to look at it."""

    retail: Retail
    folder: Path
    run_id: str

    @property
    def poor(self) -> str:
        return str(self.folder / "poor\x1b[2J.csv")


@pytest.fixture(scope="module")
def refused(shared_retail: Retail, tmp_path_factory: pytest.TempPathFactory) -> Refused:
    folder = _deliver(tmp_path_factory.mktemp("in"))
    ended = shared_retail("etl", str(folder), "--json", RETAIL_KEPT_LINES="5")
    assert ended.code == 3, ended.err
    return Refused(shared_retail, folder, ended.report["run_id"])


def test_the_state_after_a_refused_delivery(refused: Refused) -> None:
    retail, poor = refused.retail, refused.poor
    status = retail("status", "--json")
    assert status.code == 0, status.err
    (last,) = status.report["runs"]
    assert (last["run_id"], last["status"]) == (refused.run_id, "failed")
    assert last["outcomes"] == {"loaded": 2, "refused": 1}
    (refusal,) = status.report["open_refusals"]
    assert (refusal["name"], refusal["refusal"], refusal["has_earlier_content"]) == (
        poor,
        "quality_gate",
        False,
    )
    (feed,) = status.report["feeds"]
    assert (feed["first_day"], feed["last_day"]) == ("2010-12-01", "2010-12-03")
    assert (feed["days_without_sales"], feed["last_gaps"]) == (1, ["2010-12-02"])
    assert [(load["deliveries"], load["lines"]) for load in feed["loads"]] == [(2, 32)]
    assert status.report["load_lock"] == []
    assert status.report["integrity"] is None
    statistics = status.report["statistics"]
    tables = {table["table_name"]: table["rows"] for table in statistics["tables"]}
    assert tables["retail_dwh.fact_sale"] == 32
    assert statistics["lints"] == {}

    shown = retail("status")
    assert shown.code == 0
    assert "2 loaded, 1 refused" in shown.out
    assert "only 0.0 % of its lines are usable" in shown.out
    assert "\x1b[2J" not in shown.out

    listed = retail("deliveries", "--json")
    assert {Path(one["name"]).name: one["rows_quarantined"] for one in listed.report["deliveries"]} == {
        "good.csv": 0,
        "one fault.csv": 1,
    }
    assert retail("deliveries", "--feed", "other", "--json").report == {"deliveries": [], "total": 0}
    assert "1 of 2 deliveries shown" in retail("deliveries", "--limit", "1").out


async def test_the_loaded_content_comes_back_after_a_refusal(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", warehouse.display)
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    day = write(tmp_path / "in" / "day.csv", as_csv(_GOOD))
    await run(str(day), feed="default")
    write(day, as_csv(_POOR))
    with pytest.raises(QualityBelowThreshold):
        await run(str(day), feed="default")
    (refusal,) = (await read_state(warehouse)).open_refusals
    assert (refusal.name, refusal.has_earlier_content) == (str(day), True)
    assert len((await read_rejects(warehouse)).attempts) == 1

    write(day, as_csv(_GOOD))
    assert (await run(str(day), feed="default")).outcomes == {"unchanged": 1}
    state = await read_state(warehouse)
    assert state.open_refusals == ()
    assert state.runs[0].outcomes == {}
    assert (await read_rejects(warehouse)).attempts == ()
    assert len((await read_rejects(warehouse, history=True)).attempts) == 1
    # Once is enough.
    await run(str(day), feed="default")
    (listed,) = (await list_deliveries(warehouse)).deliveries
    assert listed.attempts == 3


def test_the_lines_of_a_refused_delivery(refused: Refused, tmp_path: Path) -> None:
    retail, poor = refused.retail, refused.poor
    rejects = retail("rejects", poor, "--json")
    (attempt,) = rejects.report["attempts"]
    assert (attempt["outcome"], attempt["rows_quarantined"], attempt["lines_kept"]) == ("refused", 7, 5)
    assert [(line["line"], line["rule"], line["value"]) for line in rejects.report["lines"]] == [
        (number + 1, "quantity_readable", f"{number} pieces") for number in range(5)
    ]
    everything = retail("rejects")
    assert "1.5.1" in everything.out
    assert "3 pieces" in everything.out
    assert "\x1b[2J" not in everything.out

    target = tmp_path / "rejects.csv"
    target.write_text("earlier")
    assert retail("rejects", "--csv", str(target)).code == 0
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(one["delivery"], one["rule"]) for one in rows] == [(poor, "quantity_readable")] * 5 + [
        (str(refused.folder / "one fault.csv"), "unit_price_readable")
    ]
    assert target.stat().st_mode & 0o777 == 0o600

    missing = retail("rejects", "nothing.csv", "--json")
    assert (missing.code, missing.report["error_type"]) == (1, "DeliveryMissing")
    unwritable = retail("rejects", "--csv", str(tmp_path / "none" / "x.csv"), "--json")
    assert (unwritable.code, unwritable.report["error_type"]) == (2, "SettingsError")


async def test_a_spreadsheet_runs_nothing(
    retail: Retail, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    values = ["=1+cmd", "@x", "-2+3", "-1.5.1", "plain"]
    many = [row(invoice_no=str(number)) for number in range(60)]
    day = write(
        tmp_path / "in" / "day.csv",
        as_csv([*(row(unit_price=value) for value in values), *many]) + "=short\n",
    )
    await plain_run(warehouse, tmp_path / "workspace", [day])
    assert retail("rejects", "--csv", str(tmp_path / "rejects.csv")).code == 0
    with (tmp_path / "rejects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["value"] for one in rows][:5] == ["'=1+cmd", "'@x", "'-2+3", "-1.5.1", "plain"]
    assert rows[5]["raw"] == "'=short"


@pytest.mark.slow
def test_corrected_and_refused_again(retail: Retail, warehouse: ConnectionSettings, tmp_path: Path) -> None:
    folder = _deliver(tmp_path / "in")
    poor = folder / "poor\x1b[2J.csv"
    for _ in range(2):
        assert retail("etl", str(folder), "--json").code == 3
    kept = asyncio.run(read_rejects(warehouse, str(poor), history=True))
    assert [(attempt.outcome, attempt.lines_kept) for attempt in kept.attempts] == [
        ("refused", 7),
        ("refused", 0),
    ]

    write(poor, as_csv([row(invoice_no="7")]))
    assert retail("etl", str(folder), "--json").code == 0
    state = asyncio.run(read_state(warehouse))
    assert state.open_refusals == ()
    assert asyncio.run(read_rejects(warehouse, str(poor))).attempts == ()
    history = asyncio.run(read_rejects(warehouse, str(poor), history=True))
    assert [(attempt.outcome, attempt.lines_kept) for attempt in history.attempts] == [
        ("refused", 7),
        ("refused", 0),
    ]
    assert {line.value for line in history.lines} == {f"{number} pieces" for number in range(7)}


def test_without_a_schema(plain_retail: Retail, empty: ConnectionSettings) -> None:
    for command in ("status", "deliveries", "rejects", "integrity"):
        ended = plain_retail(command, "--json", DATABASE_URL=empty.display)
        assert ended.code == 1, ended.err
        assert "no retail schema yet" in ended.report["error"]


async def test_a_table_that_somebody_dropped(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute("drop table retail_ops.integrity_result cascade")
    with pytest.raises(WarehouseError, match="integrity_result.*somebody dropped or renamed it") as raised:
        await read_state(warehouse)
    assert "retail restore ID --table" in raised.value.next_step


async def test_who_holds_the_load_lock(warehouse: ConnectionSettings) -> None:
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(connected(warehouse))
        await connection.execute("begin; lock table retail_ops.load_lock in share row exclusive mode")
        state = await read_state(warehouse)
        (holder,) = state.load_lock
        assert (holder.pid, holder.granted) == (connection.get_server_pid(), True)
        assert holder.role == warehouse.user
        await connection.execute("rollback")
    assert (await read_state(warehouse)).load_lock == ()


async def test_the_state_takes_few_turns(warehouse: ConnectionSettings) -> None:
    await examine_integrity(warehouse, built_in_checks())
    with counting_link(warehouse) as (link, through):
        state = await read_state(through)
        assert state.integrity is not None
        assert link.counts().turns <= 5
        before = link.counts()
        report = await examine_integrity(through, built_in_checks())
        assert report.stored
        assert (link.counts() - before).turns <= 7
