"""A cause is sent once per quiet time, and keeps the time at which it began."""

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
def test_due_after_the_quiet_time(minutes: int, due: bool) -> None:
    previous = opened(sample(), None, SINCE)
    assert is_due(previous, SINCE + timedelta(minutes=minutes), HOUR) is due
    assert is_due(None, SINCE, HOUR)


def test_since_is_kept_from_the_first_alert() -> None:
    first = opened(sample(), None, SINCE + timedelta(minutes=1))
    again = opened(sample(), first, SINCE + timedelta(hours=5))
    assert again.since == SINCE
    assert again.at == SINCE + timedelta(hours=5)


def test_json_round_trip() -> None:
    alert = opened(sample(detail="WrongPassword"), None, SINCE)
    assert OpenAlert.from_json(alert.to_json(), "") == alert
    for broken in ({}, {**alert.to_json(), "kind": "x"}, {**alert.to_json(), "at": "x"}, "text", None):
        with pytest.raises(ValueError, match="alert|isoformat"):
            OpenAlert.from_json(broken, "")  # type: ignore[arg-type]


def test_each_kind_has_a_runbook_entry() -> None:
    text = (Path(__file__).parents[3] / "docs" / "runbook.md").read_text()
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    anchors = {title.lower().replace(" ", "-") for title in titles}
    assert set(KINDS) == set(get_args(Kind))
    assert anchors >= {kind.runbook for kind in KINDS.values()}
