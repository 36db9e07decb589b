"""A role that may not create temporary tables is told which right it lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.errors import RightsMissing
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tests.support.plain_run import run
from tests.support.scenario import FIRST, Story


async def test_the_right_is_named(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.write(FIRST)
    async with connected(replace(warehouse, user=SUPERUSER)) as superuser:
        await superuser.execute(
            f"alter database {warehouse.database} owner to {SUPERUSER}; "
            f"revoke temporary on database {warehouse.database} from public, {warehouse.user}"
        )
    with pytest.raises(RightsMissing) as caught:
        await run(warehouse, tmp_path, [story.folder])
    assert "temporary tables" in caught.value.what
    assert (
        f'grant temporary on database "{warehouse.database}" to "{warehouse.user}";' in caught.value.next_step
    )
