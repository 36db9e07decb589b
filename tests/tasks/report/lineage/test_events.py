"""Events are those of the specification, whatever a run tells; numbers that JSON lacks are left out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from openlineage.client.serde import Serde

from tasks.report.lineage.columns import DATASETS
from tasks.report.lineage.events import build_event
from tasks.report.lineage.location import Location
from tasks.report.lineage.record import DatasetRecord, JobRun
from tasks.validate.contract import rule_columns
from tests.support.openlineage_spec import check_event
from tests.tasks.report.lineage.records import DELIVERY, RUN, record


def sent(**changes: object) -> dict[str, object]:
    event: dict[str, object] = json.loads(Serde.to_json(build_event(record(**changes))))
    check_event(event)
    return event


def test_every_dataset_makes_an_event_of_the_specification() -> None:
    every = tuple(DatasetRecord(name, Location("file", f"/{name}"), "1", 1, 2, 3) for name in DATASETS)
    locations = {one.kind: (one.location,) for one in every}
    for composed in (False, True):
        event = sent(inputs=every, outputs=every, locations=locations, is_composed=composed)
        outputs = event["outputs"]
        assert isinstance(outputs, list)
        assert len(outputs) == len(DATASETS)


def test_every_rule_of_the_contract_is_an_assertion() -> None:
    event = build_event(record())
    assert event.inputs is not None
    assert event.inputs[0].inputFacets is not None
    facet = event.inputs[0].inputFacets["dataQualityAssertions"]
    assert [one.assertion for one in facet.assertions] == list(rule_columns())  # type: ignore[attr-defined]
    failed = [one.assertion for one in facet.assertions if not one.success]  # type: ignore[attr-defined]
    assert failed == ["customer_present"]


def test_facets_of_a_scheduled_run_that_another_called() -> None:
    facts = replace(
        record().facts,
        parent=JobRun(UUID(int=2), "nightly"),
        nominal_start=datetime(2026, 1, 2, 3, tzinfo=UTC),
        tags={"feed": "default"},
        parameters={"sources": "[]"},
    )
    event = sent(facts=facts, state="FAIL", error="x" * 5000)
    facets = event["run"]["facets"]  # type: ignore[index]
    assert facets["nominalTime"]["nominalStartTime"] == "2026-01-02T03:00:00.000+00:00"
    assert facets["parent"]["run"]["runId"] == str(UUID(int=2))
    assert len(facets["errorMessage"]["message"]) == 2000
    stage = sent(facts=facts, run=JobRun(UUID(int=3), "retail-etl.load"))["run"]["facets"]  # type: ignore[index]
    assert stage["parent"]["run"]["runId"] == str(RUN.run_id)
    assert stage["parent"]["root"]["run"]["runId"] == str(UUID(int=2))
    assert "tags" not in stage


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_lacks_are_left_out(number: float) -> None:
    event = sent(inputs=(replace(DELIVERY, rows=number, size=number),))
    facets = event["inputs"][0]["inputFacets"]  # type: ignore[index]
    assert facets["inputStatistics"]["fileCount"] == 1
    assert "rowCount" not in facets["inputStatistics"]
    assert "count" not in facets["dataQualityMetrics"]["columnMetrics"]["customer_id"]
