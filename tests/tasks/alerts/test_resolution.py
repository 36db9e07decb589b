"""Which open alerts the end of a run resolves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from tasks.alerts.alert import AlertSource, build_alert
from tasks.alerts.kinds import Kind
from tasks.alerts.resolution import RunEffect, from_place
from tasks.alerts.store import OpenAlert, opened
from tests.support.alert_samples import SINCE

SOURCE = AlertSource("retail-etl", "daily", "shop", "postgresql://retail@db/retail")
COMPLETED = RunEffect(SOURCE, ("",), from_place("prod"), completed=True, is_degraded=False)
KINDS = [kind for kind in get_args(Kind) if kind != "recovered"]


def open_alert(kind: Kind = "failed", source: AlertSource = SOURCE, **more: Any) -> OpenAlert:
    return opened(build_alert(kind, source, "", SINCE, **more), None, SINCE + timedelta(minutes=1))


def about(*names: str, kind: Kind = "failed", source: AlertSource = SOURCE) -> OpenAlert:
    return open_alert(kind, source, deliveries=dict.fromkeys(names, "no rows."))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_resolved_by_a_run_without_the_cause(kind: Kind) -> None:
    alert = open_alert(kind)
    assert replace(COMPLETED, quarantined={"a.csv": 0.0}).after(alert) is None
    assert replace(COMPLETED, completed=False, is_degraded=None).after(alert) == alert
    other = replace(COMPLETED, source=AlertSource("retail-etl", "daily", "till"), quarantined={"a.csv": 0.0})
    assert other.after(alert) == alert


def test_only_the_delivery_itself_resolves_an_alert_about_it() -> None:
    alert = about("a.csv", "b.csv")
    assert replace(COMPLETED, loaded=frozenset(["c.csv"])).after(alert) == alert
    left = replace(COMPLETED, loaded=frozenset(["a.csv", "c.csv"])).after(alert)
    assert left == about("b.csv")
    effect = replace(COMPLETED, withdrawn=frozenset(["b.csv"]))
    assert effect.after(about("b.csv")) is None
    assert effect.describe([about("b.csv")]) == "A run completed. Loaded or withdrawn: b.csv."


def test_a_missing_source_is_resolved_when_it_is_found() -> None:
    alert = about("/srv/*.csv")
    found = replace(COMPLETED, sources=("/srv/*.csv",), loaded=frozenset(["/srv/a.csv"]))
    assert found.after(alert) is None
    assert replace(found, not_loaded=frozenset(["/srv/*.csv"])).after(alert) == alert
    assert replace(found, completed=False).after(alert) == alert


def test_another_flow_resolves_a_delivery_of_the_same_feed_and_warehouse() -> None:
    withdrawal = RunEffect(
        replace(SOURCE, flow="retail-withdraw", deployment=""), withdrawn=frozenset(["a.csv"])
    )
    assert withdrawal.after(about("a.csv")) is None
    assert withdrawal.after(about("a.csv", kind="quarantine")) is None
    for changed in ({"feed": "till"}, {"warehouse": "postgresql://retail@test/retail"}, {"warehouse": ""}):
        elsewhere = replace(withdrawal, source=replace(withdrawal.source, **changed))
        assert elsewhere.after(about("a.csv")) == about("a.csv")


def test_a_quarantine_is_resolved_by_cleaner_lines_of_the_same_delivery() -> None:
    alert = about("a.csv", kind="quarantine")
    effect = replace(COMPLETED, quarantine_limit=5.0, loaded=frozenset(["a.csv", "b.csv"]))
    # Unchanged, or another delivery: the lines of this one are still in quarantine.
    assert replace(effect, quarantined={"b.csv": 0.0}).after(alert) == alert
    assert replace(effect, quarantined={"a.csv": 6.0}).after(alert) == alert
    assert replace(effect, quarantined={"a.csv": 5.0}).after(alert) is None


def test_a_crash_is_resolved_by_a_run_of_the_same_sources() -> None:
    alert = open_alert("crashed", sources=["/srv/a.csv"])
    assert replace(COMPLETED, sources=("/srv/b.csv",)).after(alert) == alert
    assert replace(COMPLETED, sources=("/srv/b.csv", "/srv/a.csv")).after(alert) is None


def test_an_error_of_the_warehouse_is_resolved_by_a_run_with_its_address_from_the_same_place() -> None:
    alert = open_alert("failed", sources=[from_place("prod")])
    other_host = replace(COMPLETED, source=replace(SOURCE, warehouse="postgresql://retail@db2/retail"))
    assert other_host.after(alert) is None
    assert replace(COMPLETED, address_from=from_place("")).after(alert) == alert


def test_missing_parts_are_resolved_by_a_run_that_looked_at_the_same_warehouse() -> None:
    alert = open_alert("degraded")
    for is_degraded in (True, None):
        assert replace(COMPLETED, is_degraded=is_degraded).after(alert) == alert
    elsewhere = replace(SOURCE, warehouse="postgresql://retail@test/retail")
    assert replace(COMPLETED, source=elsewhere).after(alert) == alert
    other_flow = AlertSource("retail-withdraw", "", "till", SOURCE.warehouse)
    effect = RunEffect(other_flow, is_degraded=False)
    assert effect.after(alert) is None
    assert effect.describe([alert]) == "Nothing is missing."


def test_names_are_shown_without_steering_characters() -> None:
    effect = replace(COMPLETED, loaded=frozenset(["a\nWhere: nowhere.csv"]))
    assert effect.describe([about("a\nWhere: nowhere.csv")]).endswith(r"withdrawn: a\nWhere: nowhere.csv.")


def test_an_open_alert_of_the_release_before() -> None:
    values = {
        "subject": "retail-etl/daily/shop",
        "cause": "failed:DeliveriesFailed",
        "kind": "failed",
        "severity": "error",
        "title": "Run failed",
        "since": SINCE.isoformat(),
        "at": SINCE.isoformat(),
        "by": "0" * 32,
    }
    alert = OpenAlert.from_json(values, "key")
    assert (alert.deliveries, alert.sources, alert.warehouse) == ((), (), "")
    assert COMPLETED.after(alert) is None


def test_json_round_trip() -> None:
    alert = about("a.csv", "b.csv")
    assert OpenAlert.from_json(alert.to_json(), "") == alert
    alert = open_alert("crashed", sources=["a", "b"])
    assert OpenAlert.from_json(alert.to_json(), "") == alert
