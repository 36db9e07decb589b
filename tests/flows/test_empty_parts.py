"""Empty part files of a folder that Spark has written completely are no failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import retail_etl
from tasks.errors import DeliveriesFailed
from tests.support.alert_receivers import HEAD, LINE, Receivers


def _folder(receivers: Receivers, *, partition: str = "", complete: bool = True) -> Path:
    folder = receivers.folder / "sales"
    (folder / partition).mkdir(parents=True)
    (folder / partition / "part-00000.csv").write_text(f"{HEAD}\n{LINE}\n")
    (folder / partition / "part-00001.csv").write_text(f"{HEAD}\n")
    (folder / partition / "part-00002.csv").write_text("")
    if complete:
        (folder / "_SUCCESS").touch()
    return folder


@pytest.mark.parametrize("partition", ["", "day=2026-01-31"])
async def test_they_are_told_and_the_run_completes(receivers: Receivers, partition: str) -> None:
    folder = _folder(receivers, partition=partition)
    report = await retail_etl(sources=str(folder), retries=0)
    assert report.status == "completed"
    assert report.outcomes == {"loaded": 1, "empty": 2}
    assert (await retail_etl(sources=str(folder), retries=0)).nothing_new
    assert receivers.slack.headlines == []


async def test_without_the_file_and_of_other_names_they_fail(receivers: Receivers) -> None:
    folder = _folder(receivers, complete=False)
    with pytest.raises(DeliveriesFailed, match="2 of 3 deliveries"):
        await retail_etl(sources=str(folder), retries=0)
    (folder / "_SUCCESS").touch()
    (folder / "day.csv").write_text("")
    with pytest.raises(DeliveriesFailed, match="1 of 4 deliveries"):
        await retail_etl(sources=str(folder), retries=0)


@pytest.mark.slow
async def test_a_part_that_had_lines_is_no_empty_part(receivers: Receivers) -> None:
    folder = _folder(receivers)
    await retail_etl(sources=str(folder), retries=0)
    (folder / "part-00000.csv").write_text(f"{HEAD}\n")
    with pytest.raises(DeliveriesFailed, match="no rows"):
        await retail_etl(sources=str(folder), retries=0)
