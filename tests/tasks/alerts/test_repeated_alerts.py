"""A cause is told once within the quiet time, and stands since it was first told."""

import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from tasks.alerts.kinds import KINDS, Kind
from tasks.alerts.store import OpenAlert, is_due, opened
from tests.support.alert_samples import SINCE, sample

HOUR = 3600.0


@pytest.mark.parametrize(
    ("minutes", "due"), [(0, False), (59, False), (60, True), (600, True), (-59, False), (-61, True)]
)
def test_due(minutes: int, due: bool) -> None:
    told = opened(sample(), None, SINCE)
    assert is_due(told, SINCE + timedelta(minutes=minutes), HOUR) is due
    assert is_due(None, SINCE, HOUR)


def test_stands_since_it_was_first_told() -> None:
    first = opened(sample(), None, SINCE + timedelta(minutes=1))
    again = opened(sample(), first, SINCE + timedelta(hours=5))
    assert again.since == SINCE
    assert again.at == SINCE + timedelta(hours=5)


def test_survives_json() -> None:
    told = opened(sample(detail="WrongPassword"), None, SINCE)
    assert OpenAlert.from_json(told.to_json(), "") == told
    for broken in ({}, {**told.to_json(), "kind": "x"}, {**told.to_json(), "at": "x"}, "text", None):
        with pytest.raises(ValueError, match="alert|isoformat"):
            OpenAlert.from_json(broken, "")  # type: ignore[arg-type]


def test_each_kind_has_its_entry_in_the_runbook() -> None:
    text = (Path(__file__).parents[3] / "docs" / "runbook.md").read_text()
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    anchors = {title.lower().replace(" ", "-") for title in titles}
    assert set(KINDS) == set(get_args(Kind))
    assert anchors >= {one.runbook for one in KINDS.values()}
