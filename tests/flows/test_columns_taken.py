"""``retail etl --take-columns``: columns that the feed of an earlier release passed over count, and the report says which do not yet."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings
from tasks.warehouse.migrate import migrate
from tests.flows.conftest import Retail, as_url
from tests.support import till_columns


async def _load_older(database: ConnectionSettings) -> None:
    await till_columns.load_tills(database)
    await migrate(database)


def test_the_report_names_the_way_and_what_is_left(
    retail: Retail, empty: ConnectionSettings, tmp_path: Path
) -> None:
    asyncio.run(_load_older(empty))
    tills = till_columns.write(tmp_path / "tills")
    more = till_columns.write(tmp_path / "more", {"monday.csv": till_columns.DELIVERIES["sunday.csv"]})

    def load(*arguments: str) -> tuple[int, dict[str, str], list[str], list[str]]:
        ended = retail("etl", *arguments, "--feed", till_columns.FEED, "--json", DATABASE_URL=as_url(empty))
        report = ended.report
        outcomes = {one["name"]: one["outcome"] for one in report["deliveries"]}
        deliveries = [note for one in report["deliveries"] for note in one["notes"]]
        return ended.code, outcomes, report["without_columns"], [*report["notes"], *deliveries]

    _, outcomes, left, notes = load(str(more), "--root", str(more), "--no-quality-checks")
    assert (outcomes, left) == ({"monday.csv": "loaded"}, [])
    ways = [note for note in notes if "run again with --take-columns --replace" in note]
    assert len(ways) == 2
    assert "break currency_of_feed" in ways[0]
    assert "stores and line numbers are passed over" in ways[1]

    saturday = str(tills / "saturday.csv")
    code, outcomes, left, notes = load(saturday, "--root", str(tills), "--take-columns", "--replace")
    assert (code, outcomes, left) == (0, {"saturday.csv": "replaced"}, ["monday.csv", "sunday.csv"])
    (note,) = [note for note in notes if "without the currency" in note]
    assert note.startswith("2 deliveries of feed tills")
    assert "monday.csv, sunday.csv" in note

    code, outcomes, left, _ = load(str(tills), "--root", str(tills), "--replace")
    assert (code, left) == (0, ["monday.csv"])
    assert outcomes == {"saturday.csv": "unchanged", "sunday.csv": "replaced"}
