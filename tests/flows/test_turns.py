"""Connections, turns and bytes of a run, which decide how long it takes where the database is far away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from benchmarks.link import Counts, Link
from flows import retail_etl, retail_withdraw
from tasks.postgres.connect import ConnectionSettings
from tests.support.link import counting_link
from tests.support.plain_run import run, state
from tests.support.prefect_server import PrefectServer

# connections, turns (start-up of the connections included, not TLS and authentication), kB sent
LIMITS = {
    "nothing new, 20 deliveries": (1, 6, 9),
    "nothing new, 305 deliveries": (1, 6, 8),
    "nothing new, 20 deliveries over a distance": (1, 5, 9.2),
    "a day": (1, 10, 178),
    "a day, half known": (1, 10, 178),
    "a day, all known": (1, 10, 178),
    "a day, replaced": (1, 10, 184),
    "a day, withdrawn": (1, 12, 15),
    "the full data, into an empty database": (2, 30, 21_300),
}
_DAY = "2011-09-13"
_LINES = 2438
_OTHER_DAYS = ("2010-12-01", "2011-09-09", "2011-09-11", "2011-09-12")


@dataclass(frozen=True)
class Linked:
    """A warehouse behind a link; ``direct`` reaches it past the link."""

    link: Link
    direct: ConnectionSettings
    folder: Path

    async def load(self, *sources: Path) -> None:
        """Load deliveries past the link."""
        await run(self.direct, self.folder / "workspace", sources)

    async def counts_of_load(self, *sources: Path, rows: int, replace: bool = False) -> Counts:
        """Run the flow through the link; it has to load ``rows`` lines."""
        before = self.link.counts()
        report = await retail_etl(sources=[str(source) for source in sources], replace=replace)
        assert report.rows_loaded == rows
        return self.link.counts() - before


@pytest.fixture
async def linked(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Linked]:
    """The flow's warehouse, empty, with the schema at head."""
    with _through_a_link(warehouse, tmp_path, monkeypatch) as linked:
        yield linked


@contextmanager
def _through_a_link(
    warehouse: ConnectionSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delay: float = 0.0
) -> Iterator[Linked]:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    with counting_link(warehouse, delay=delay) as (link, through):
        monkeypatch.setenv("DATABASE_URL", f"{through.display}?sslmode=disable")
        yield Linked(link, warehouse, tmp_path)


@pytest.fixture
async def with_other_days(linked: Linked, days: Path) -> Linked:
    """The same with four days loaded."""
    await linked.load(*(days / f"{day}.csv" for day in _OTHER_DAYS))
    return linked


def _check(scenario: str, counts: Counts) -> None:
    print(f"{scenario}: {counts}")
    connections, turns, kilobytes = LIMITS[scenario]
    assert 1 <= counts.connections <= connections
    assert counts.login_turns == counts.connections
    assert counts.connections < counts.turns <= turns
    assert 0 < counts.sent <= kilobytes * 1000


@pytest.mark.parametrize("delay", [0.0, 0.1])
async def test_nothing_new(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    real_lines: pl.DataFrame,
    delay: float,
) -> None:
    invoices = real_lines.partition_by("InvoiceNo", maintain_order=True)[:20]
    paths = [tmp_path / f"{number}.csv" for number in range(20)]
    for path, lines in zip(paths, invoices, strict=True):
        lines.write_csv(path)
    scenario = "nothing new, 20 deliveries" + (" over a distance" if delay else "")
    with _through_a_link(warehouse, tmp_path, monkeypatch, delay) as linked:
        await linked.load(*paths)
        _check(scenario, await linked.counts_of_load(*paths, rows=0))


async def test_a_day(with_other_days: Linked, days: Path) -> None:
    counts = await with_other_days.counts_of_load(days / f"{_DAY}.csv", rows=_LINES)
    _check("a day", counts)


@pytest.mark.slow
async def test_a_day_half_known(with_other_days: Linked, days: Path) -> None:
    lines = pl.read_csv(days / f"{_DAY}.csv", infer_schema=False)
    first_half = with_other_days.folder / "first half.csv"
    lines.head(_LINES // 2).write_csv(first_half)
    await with_other_days.load(first_half)
    counts = await with_other_days.counts_of_load(days / f"{_DAY}.csv", rows=_LINES - _LINES // 2)
    _check("a day, half known", counts)


@pytest.mark.slow
async def test_a_day_all_known(with_other_days: Linked, days: Path) -> None:
    lines = (days / f"{_DAY}.csv").read_bytes()
    again = with_other_days.folder / "the same under another name.csv"
    again.write_bytes(lines)
    await with_other_days.load(days / f"{_DAY}.csv")
    _check("a day, all known", await with_other_days.counts_of_load(again, rows=0))


@pytest.mark.slow
async def test_a_day_replaced(with_other_days: Linked, days: Path) -> None:
    lines = pl.read_csv(days / f"{_DAY}.csv", infer_schema=False)
    path = with_other_days.folder / "day.csv"
    lines.write_csv(path)
    await with_other_days.load(path)
    lines.with_columns(Quantity=pl.col("Quantity") + "0").write_csv(path)
    _check("a day, replaced", await with_other_days.counts_of_load(path, rows=_LINES, replace=True))


async def test_a_day_withdrawn(with_other_days: Linked, days: Path) -> None:
    path = days / f"{_DAY}.csv"
    await with_other_days.load(path)
    before = with_other_days.link.counts()
    withdrawal = await retail_withdraw(str(path), confirm=True)
    assert withdrawal.lines_deleted == _LINES
    _check("a day, withdrawn", with_other_days.link.counts() - before)


@pytest.mark.slow
async def test_the_full_data_and_nothing_new(
    prefect_api: PrefectServer,
    empty: ConnectionSettings,
    days: Path,
    real_lines: pl.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with _through_a_link(empty, tmp_path, monkeypatch) as linked:
        counts = await linked.counts_of_load(days, rows=real_lines.height)
        _check("the full data, into an empty database", counts)
        assert (await state(linked.direct)).lines == real_lines.height
        _check("nothing new, 305 deliveries", await linked.counts_of_load(days, rows=0))
