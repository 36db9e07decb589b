"""A folder of the workspace that cannot be deleted is told, and takes nothing from the run."""

import os
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings
from tests.flows.conftest import Retail
from tests.support.plain_run import state


async def test_a_run_is_done_though_old_bronze_stays(
    retail: Retail, warehouse: ConnectionSettings, days: Path, tmp_path: Path
) -> None:
    # No name is left to set it aside under; a folder's rights would not stop root.
    old = tmp_path / "data" / "workspace" / "bronze" / ("x" * 250)
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    ended = retail("etl", str(days / "2010-12-05.csv"), "--json", "-v")
    assert ended.code == 0, ended.err
    assert ended.report["rows_loaded"] == (await state(warehouse)).lines > 0
    assert Path(ended.report["report_path"]).exists()
    assert "could not be deleted" in ended.out + ended.err
    assert old.exists()
