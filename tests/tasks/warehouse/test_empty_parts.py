"""Parts without a line to load: every line is quarantined, or every delivery is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tests.support.deliveries import HEADER, LINE, write
from tests.support.plain_run import run

REVERSED = ",".join(reversed(HEADER.split(",")))
VALID = ",".join(reversed(LINE.split(",")))


def _lines(first: int, count: int) -> str:
    """Return the lines of ``count`` invoices."""
    return "".join(LINE.replace(LINE.split(",")[0], str(first + number), 1) + "\n" for number in range(count))


@pytest.mark.parametrize("with_another", [False, True], ids=["alone", "with a valid delivery"])
async def test_every_line_is_quarantined(
    warehouse: ConnectionSettings, tmp_path: Path, with_another: bool
) -> None:
    bad = LINE.split(",")
    bad[3] = "0"
    write(tmp_path / "bad.csv", f"{HEADER}\n{','.join(bad)}\n")
    sources = [tmp_path / "bad.csv"]
    if with_another:  # another column order, so a part of its own
        sources.append(write(tmp_path / "valid.csv", f"{REVERSED}\n{VALID}\n"))
    outcome = await run(warehouse, tmp_path / "w", sources)
    bad_delivery = outcome.of("bad.csv")
    assert (bad_delivery.rows_in, bad_delivery.rows_loaded, bad_delivery.rows_quarantined) == (1, 0, 1)
    assert sum(delivery.rows_loaded for delivery in outcome.loaded) == int(with_another)


async def test_every_delivery_of_a_part_is_refused(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.csv", f"{HEADER}\n{_lines(540000, 100)}")
    await run(warehouse, tmp_path / "w", [whole])
    write(tmp_path / "whole.csv", f"{HEADER}\n{_lines(540000, 10)}")
    other = write(tmp_path / "other.csv", f"{REVERSED}\n{VALID}\n")
    outcome = await run(warehouse, tmp_path / "w", [whole, other])
    assert outcome.of("whole.csv").outcome == "refused"
    assert outcome.of("other.csv").rows_loaded == 1
