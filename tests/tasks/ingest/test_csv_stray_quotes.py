"""Quotes that never close cost each line the same little time, however many there are and however far they may reach."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest

from tasks.ingest.readers import csv_fallback, open_quotes
from tests.support.deliveries import HEADER, LINE, bronze_of, frame_of, ingest_sources, write

LINES = 10_000
STRAY = 'a","b\n'
# Each record closes 199 lines further on, with too many fields.
CLOSED_LATE = (STRAY * 198 + 'x",,,,,,,,\n') * (LINES // 199)


def _seconds(folder: Path, body: str) -> float:
    """CPU that reading a delivery takes, the best of three."""
    day = write(folder / "day.csv", f"{HEADER}\n{LINE}\n{body}")
    measured: list[float] = []
    for attempt in range(3):
        gc.collect()
        start = time.process_time()
        bronze = bronze_of(ingest_sources(folder / f"w{attempt}", day))
        measured.append(time.process_time() - start)
        assert frame_of(bronze).get_column("fault").count() == body.count("\n")
    return min(measured)


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", [pytest.param(STRAY * LINES, id="never closed"), pytest.param(CLOSED_LATE, id="closed late")]
)
def test_time_is_linear_and_like_that_of_other_broken_lines(tmp_path: Path, body: str) -> None:
    seconds = [_seconds(tmp_path / name, text) for name, text in {"once": body, "twice": body * 2}.items()]
    assert seconds[1] < 3 * seconds[0]
    assert seconds[0] < 6 * _seconds(tmp_path / "other", 'a,"b"\n' * LINES)


@pytest.mark.slow
def test_time_does_not_depend_on_the_reach_of_a_quote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds: list[float] = []
    for reach in (100, 1_600):
        monkeypatch.setattr(csv_fallback, "MAX_QUOTED_LINES", reach)
        monkeypatch.setattr(open_quotes, "MAX_QUOTED_LINES", reach)
        seconds.append(_seconds(tmp_path / str(reach), STRAY * LINES))
    assert seconds[1] < 2 * seconds[0]
