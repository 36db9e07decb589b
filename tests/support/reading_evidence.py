"""Read deliveries whose values two readings fit, and settle them as a run does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ReadingUnclear
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.validate.score import DEFAULT_THRESHOLD, rejection_reason
from tasks.validate.settings import FeedSettings
from tasks.validate.silver import Silver
from tests.support.deliveries import as_csv, row, write
from tests.support.plain_run import validated

Rows = Sequence[tuple[str | None, ...]]


@dataclass(frozen=True)
class SettledRun:
    """The feed's settings after a run, its deliveries that would load, by name, and the errors of others."""

    feed: FeedSettings
    notes: Mapping[str, tuple[str, ...]]
    quarantined: Mapping[str, int]
    errors: Mapping[str, ReadingUnclear]
    silvers: tuple[Silver, ...]


def priced(*prices: str) -> list[tuple[str | None, ...]]:
    """Lines with these prices."""
    return [row(unit_price=price, stock_code=f"P{number}") for number, price in enumerate(prices)]


def dated(*dates: str) -> list[tuple[str | None, ...]]:
    """Lines with these dates, and prices that decide nothing."""
    return [
        row(invoice_date=date, unit_price="3", stock_code=f"D{number}") for number, date in enumerate(dates)
    ]


async def settle_deliveries(
    folder: Path, deliveries: Mapping[str, Rows], *, one_batch: bool = True, **settings: str
) -> SettledRun:
    """Read and validate deliveries with the quality gate, and settle the readings that they ask for."""
    for name, rows in deliveries.items():
        write(folder / "in" / name, as_csv(rows))
    found = discover([str(folder / "in")]).deliveries
    groups = [found] if one_batch else [(delivery,) for delivery in found]
    bronzes = [ingest(group, {}, folder / "workspace").bronze for group in groups]
    feed, silvers, errors = await validated(
        [bronze for bronze in bronzes if bronze],
        FeedSettings(**settings),
        folder / "workspace",
        lambda quality: rejection_reason(quality, DEFAULT_THRESHOLD) is None,
    )
    qualities = {Path(each.name).name: each for silver in silvers for each in silver.deliveries}
    return SettledRun(
        feed,
        {name: quality.notes for name, quality in qualities.items()},
        {name: quality.rows_quarantined for name, quality in qualities.items()},
        {Path(error.delivery).name: error for error in errors},
        tuple(silvers),
    )
