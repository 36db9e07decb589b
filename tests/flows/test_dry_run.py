"""``retail etl --dry-run`` reads, judges and scores, and loads nothing."""

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tests.flows.conftest import Retail
from tests.support.plain_run import state


async def test_dry_run(retail: Retail, warehouse: ConnectionSettings, days: Path) -> None:
    ended = retail("etl", str(days / "2010-12-01.csv"), "--dry-run", "--json")
    assert ended.code == 0, ended.err
    report = ended.report
    assert report["outcomes"] == {"judged": 1}
    assert report["rows_in"] > 3_000
    assert report["rows_loaded"] == 0
    assert report["quality_score"] > 90
    assert (await state(warehouse)).lines == 0


@pytest.mark.slow
def test_a_dry_run_does_not_say_that_anything_is_loaded(retail: Retail, days: Path, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.csv")
    some = retail("etl", str(days / "2010-12-05.csv"), missing, "--dry-run")
    assert some.code == 1
    assert "1 of 2 deliveries could not be loaded; the others would load." in some.err
    every = retail("etl", missing, "--dry-run")
    assert "1 of 1 deliveries could not be loaded.\n" in every.err
