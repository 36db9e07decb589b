"""The OpenLineage specification 2-0-2 and its facets, as far as we use them: required and known fields with types.

The client's package has no schemas. A field that the specification does not know is a mistake here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

# Fields with their types; those whose names end with "!" are required.
Fields = dict[str, Any]
TEXT, NUMBER, WHOLE, FLAG, TIME, ID = "text", "number", "whole", "flag", "time", "uuid"
COLUMN_METRICS: Fields = {
    "nullCount": WHOLE,
    "distinctCount": WHOLE,
    "sum": NUMBER,
    "count": NUMBER,
    "min": NUMBER,
    "max": NUMBER,
    "quantiles": {"*": NUMBER},
}
TRANSFORMATION: Fields = {"type!": TEXT, "subtype": TEXT, "description": TEXT, "masking": FLAG}
INPUT_FIELD: Fields = {
    "namespace!": TEXT,
    "name!": TEXT,
    "field!": TEXT,
    "transformations": [TRANSFORMATION],
}
JOB: Fields = {"namespace!": TEXT, "name!": TEXT}
STATISTICS: Fields = {"rowCount": WHOLE, "size": WHOLE, "fileCount": WHOLE}
RUN_FACETS: dict[str, tuple[str, Fields]] = {
    "processing_engine": (
        "ProcessingEngineRunFacet",
        {"version!": TEXT, "name": TEXT, "openlineageAdapterVersion": TEXT},
    ),
    "parent": (
        "ParentRunFacet",
        {"run!": {"runId!": ID}, "job!": JOB, "root": {"run!": {"runId!": ID}, "job!": JOB}},
    ),
    "nominalTime": ("NominalTimeRunFacet", {"nominalStartTime!": TIME, "nominalEndTime": TIME}),
    "errorMessage": (
        "ErrorMessageRunFacet",
        {"message!": TEXT, "programmingLanguage!": TEXT, "stackTrace": TEXT},
    ),
    "tags": ("TagsRunFacet", {"tags": [{"key!": TEXT, "value!": TEXT, "source": TEXT}]}),
    "executionParameters": (
        "ExecutionParametersRunFacet",
        {"parameters": [{"key!": TEXT, "name": TEXT, "description": TEXT, "value": TEXT}]},
    ),
}
JOB_FACETS: dict[str, tuple[str, Fields]] = {
    "jobType": ("JobTypeJobFacet", {"processingType!": TEXT, "integration!": TEXT, "jobType": TEXT}),
    "documentation": ("DocumentationJobFacet", {"description!": TEXT, "contentType": TEXT}),
}
DATASET_FACETS: dict[str, tuple[str, Fields]] = {
    "schema": (
        "SchemaDatasetFacet",
        {"fields": [{"name!": TEXT, "type": TEXT, "description": TEXT, "ordinal_position": WHOLE}]},
    ),
    "version": ("DatasetVersionDatasetFacet", {"datasetVersion!": TEXT}),
    "datasetType": ("DatasetTypeDatasetFacet", {"datasetType!": TEXT, "subType": TEXT}),
    "columnLineage": (
        "ColumnLineageDatasetFacet",
        {
            "fields!": {
                "*": {
                    "inputFields!": [INPUT_FIELD],
                    "transformationDescription": TEXT,
                    "transformationType": TEXT,
                }
            },
            "dataset": [INPUT_FIELD],
        },
    ),
}
INPUT_FACETS: dict[str, tuple[str, Fields]] = {
    "inputStatistics": ("InputStatisticsInputDatasetFacet", STATISTICS),
    "dataQualityMetrics": (
        "DataQualityMetricsInputDatasetFacet",
        {
            "columnMetrics!": {"*": COLUMN_METRICS},
            "rowCount": WHOLE,
            "bytes": WHOLE,
            "fileCount": WHOLE,
            "lastUpdated": TIME,
        },
    ),
    "dataQualityAssertions": (
        "DataQualityAssertionsDatasetFacet",
        {
            "assertions!": [
                {
                    "assertion!": TEXT,
                    "success!": FLAG,
                    "column": TEXT,
                    "severity": TEXT,
                    "name": TEXT,
                    "description": TEXT,
                    "expected": TEXT,
                    "actual": TEXT,
                }
            ]
        },
    ),
}
OUTPUT_FACETS: dict[str, tuple[str, Fields]] = {
    "outputStatistics": ("OutputStatisticsOutputDatasetFacet", STATISTICS)
}


def check_event(event: Mapping[str, Any]) -> None:
    """Assert that an event as received is one of the specification."""
    assert set(event) <= {
        "eventType",
        "eventTime",
        "producer",
        "schemaURL",
        "run",
        "job",
        "inputs",
        "outputs",
    }
    assert event["eventType"] in {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}
    assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
    assert urlsplit(event["producer"]).scheme
    _check("eventTime", event["eventTime"], TIME)
    _check("runId", event["run"]["runId"], ID)
    _check_facets(event["run"]["facets"], RUN_FACETS, event["producer"])
    assert set(event["job"]) == {"namespace", "name", "facets"}
    _check_facets(event["job"]["facets"], JOB_FACETS, event["producer"])
    for kind, known in (("inputs", INPUT_FACETS), ("outputs", OUTPUT_FACETS)):
        for dataset in event[kind]:
            own = f"{kind[:-1]}Facets"
            assert set(dataset) == {"namespace", "name", "facets", own}
            _check("name", dataset["name"], TEXT)
            _check_facets(dataset["facets"], DATASET_FACETS, event["producer"])
            _check_facets(dataset[own], known, event["producer"])
    json.dumps(event, allow_nan=False)


def _check_facets(facets: Mapping[str, Any], known: Mapping[str, tuple[str, Fields]], producer: str) -> None:
    for name, facet in facets.items():
        title, fields = known[name]
        assert facet["_producer"] == producer
        assert facet["_schemaURL"].startswith("https://openlineage.io/spec/facets/")
        assert facet["_schemaURL"].endswith(f"/{title}.json#/$defs/{title}"), facet["_schemaURL"]
        _check(name, {key: value for key, value in facet.items() if not key.startswith("_")}, fields)


def _check(place: str, value: Any, kind: Any) -> None:
    match kind:
        case dict():
            assert isinstance(value, dict), place
            if "*" in kind:
                for key, inner in value.items():
                    _check(f"{place}.{key}", inner, kind["*"])
                return
            names = {key.rstrip("!"): inner for key, inner in kind.items()}
            required = {key.rstrip("!") for key in kind if key.endswith("!")}
            assert required <= set(value), f"{place} lacks {required - set(value)}"
            assert set(value) <= set(names), f"{place} has {set(value) - set(names)}"
            for key, inner in value.items():
                _check(f"{place}.{key}", inner, names[key])
        case list():
            assert isinstance(value, list), place
            for inner in value:
                _check(place, inner, kind[0])
        case "text":
            assert isinstance(value, str), place
            assert value, place
        case "flag":
            assert isinstance(value, bool), place
        case "whole":
            assert isinstance(value, int), place
            assert not isinstance(value, bool), place
            assert value >= 0, place
        case "number":
            assert isinstance(value, int | float), place
            assert math.isfinite(value), place
        case "time":
            assert "T" in value, place
            assert datetime.fromisoformat(value).tzinfo is not None, place
        case "uuid":
            UUID(value)
