"""Parts of which nothing is left to load: every line set aside, or every delivery refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tests.support.deliveries import HEADER, LINE, write
from tests.support.plain_run import run

REVERSED = ",".join(reversed(HEADER.split(",")))
SOUND = ",".join(reversed(LINE.split(",")))


def _lines(first: int, count: int) -> str:
    """Lines of as many invoices."""
    return "".join(LINE.replace(LINE.split(",")[0], str(first + one), 1) + "\n" for one in range(count))


@pytest.mark.parametrize("beside_another", [False, True], ids=["alone", "beside a sound one"])
async def test_every_line_is_set_aside(
    warehouse: ConnectionSettings, tmp_path: Path, beside_another: bool
) -> None:
    bad = LINE.split(",")
    bad[3] = "0"
    write(tmp_path / "bad.csv", f"{HEADER}\n{','.join(bad)}\n")
    sources = [tmp_path / "bad.csv"]
    if beside_another:  # of another layout, so in a part of its own
        sources.append(write(tmp_path / "sound.csv", f"{REVERSED}\n{SOUND}\n"))
    outcome = await run(warehouse, tmp_path / "w", sources)
    taken = outcome.of("bad.csv")
    assert (taken.rows_in, taken.rows_loaded, taken.rows_quarantined) == (1, 0, 1)
    assert sum(one.rows_loaded for one in outcome.loaded) == int(beside_another)


async def test_every_delivery_of_a_part_is_refused(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.csv", f"{HEADER}\n{_lines(540000, 100)}")
    await run(warehouse, tmp_path / "w", [whole])
    write(tmp_path / "whole.csv", f"{HEADER}\n{_lines(540000, 10)}")
    other = write(tmp_path / "other.csv", f"{REVERSED}\n{SOUND}\n")
    outcome = await run(warehouse, tmp_path / "w", [whole, other])
    assert outcome.of("whole.csv").outcome == "refused"
    assert outcome.of("other.csv").rows_loaded == 1
