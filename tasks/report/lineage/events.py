"""Events of OpenLineage, built by the classes of its client.

Importing this module imports the OpenLineage client: only a run that sends lineage does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attr
from openlineage.client import event_v2
from openlineage.client import facet_v2 as facets
from openlineage.client.facet_v2 import execution_parameters_run, parent_run, tags_run

from tasks.report.lineage.facets import column_lineage, dataset_facets, input_facets, output_facets
from tasks.report.lineage.record import EventRecord, JobRun, RunFacts

_DESCRIPTIONS = {
    "retail-etl": "Deliveries of sales lines into the star schema, exactly once.",
    "retail-etl.ingest": "Deliveries as they came, every row as text.",
    "retail-etl.validate": "Typed lines that keep the contract, and the quarantine.",
    "retail-etl.load": "Validated lines into the star schema, in one transaction a batch.",
    "retail-etl.views": "Views over the star schema, computed when they are read.",
    "retail-withdraw": "The removal of a delivery from the star schema.",
    "retail-backup": "A backup of the database into a vault.",
    "retail-restore": "A restore of a backup.",
}
_ERROR_CHARACTERS = 2000


def producer(versions: Mapping[str, str]) -> str:
    """The URI of the program that sends an event."""
    return f"urn:prefect-retail:{versions.get('prefect-retail', '0')}"


def build_event(record: EventRecord) -> event_v2.RunEvent:
    """Build the event of a change of state; numbers that JSON does not have are null."""
    event = event_v2.RunEvent(
        eventType=event_v2.RunState(record.state),
        eventTime=_text(record.time),
        producer=producer(record.facts.versions),
        run=event_v2.Run(runId=str(record.run.run_id), facets=_run_facets(record)),
        job=event_v2.Job(namespace=record.facts.namespace, name=record.run.job, facets=_job_facets(record)),
        inputs=[
            event_v2.InputDataset(
                namespace=item.location.namespace,
                name=item.location.name,
                facets=dataset_facets(item),
                inputFacets=input_facets(item),
            )
            for item in record.inputs
        ],
        outputs=[_output(record, number) for number in range(len(record.outputs))],
    )
    _finish(event, producer(record.facts.versions))
    return event


def _output(record: EventRecord, number: int) -> event_v2.OutputDataset:
    item = record.outputs[number]
    made = dataset_facets(item)
    columns = column_lineage(item, record.locations, is_composed=record.is_composed)
    if columns is not None:
        made["columnLineage"] = columns
    return event_v2.OutputDataset(
        namespace=item.location.namespace,
        name=item.location.name,
        facets=made,
        outputFacets=output_facets(item),
    )


def _job_facets(record: EventRecord) -> dict[str, facets.JobFacet]:
    made: dict[str, facets.JobFacet] = {
        "jobType": facets.job_type_job.JobTypeJobFacet(
            processingType="BATCH", integration="PREFECT", jobType=record.kind
        )
    }
    if record.run.job in _DESCRIPTIONS:
        made["documentation"] = facets.documentation_job.DocumentationJobFacet(
            description=_DESCRIPTIONS[record.run.job]
        )
    return made


def _run_facets(record: EventRecord) -> dict[str, facets.RunFacet]:
    shared = record.facts
    made: dict[str, facets.RunFacet] = {
        "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet(
            version=shared.versions.get("prefect", ""),
            name="Prefect",
            openlineageAdapterVersion=shared.versions.get("prefect-retail"),
        )
    }
    parent = shared.run if record.run != shared.run else shared.parent
    if parent is not None:
        made["parent"] = _parent(shared, parent)
    if shared.nominal_start is not None:
        made["nominalTime"] = facets.nominal_time_run.NominalTimeRunFacet(
            nominalStartTime=_text(shared.nominal_start)
        )
    if record.error:
        made["errorMessage"] = facets.error_message_run.ErrorMessageRunFacet(
            message=record.error[:_ERROR_CHARACTERS], programmingLanguage="PYTHON"
        )
    if record.run == shared.run:
        made |= _own_facets(shared)
    return made


def _own_facets(shared: RunFacts) -> dict[str, facets.RunFacet]:
    """Facets of the flow run alone, not of its stages."""
    return {
        "tags": tags_run.TagsRunFacet(
            tags=[
                tags_run.TagsRunFacetFields(key=key, value=value, source="PREFECT")
                for key, value in shared.tags.items()
            ]
        ),
        "executionParameters": execution_parameters_run.ExecutionParametersRunFacet(
            parameters=[
                execution_parameters_run.ExecutionParameter(key=key, value=value)
                for key, value in shared.parameters.items()
            ]
        ),
    }


def _parent(shared: RunFacts, parent: JobRun) -> parent_run.ParentRunFacet:
    top = shared.parent or shared.run
    return parent_run.ParentRunFacet(
        run=parent_run.Run(runId=str(parent.run_id), facets=None),
        job=parent_run.Job(namespace=shared.namespace, name=parent.job, facets=None),
        root=parent_run.Root(
            run=parent_run.RootRun(runId=str(top.run_id), facets=None),
            job=parent_run.RootJob(namespace=shared.namespace, name=top.job, facets=None),
        ),
    )


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def _finish(value: Any, uri: str) -> Any:
    """Name the producer in every facet, and replace NaN and infinity by None; in place."""
    if attr.has(type(value)):
        for name in (field.name for field in attr.fields(type(value))):
            setattr(value, name, uri if name == "_producer" else _finish(getattr(value, name), uri))
    elif isinstance(value, dict):
        return {key: _finish(inner, uri) for key, inner in value.items()}
    elif isinstance(value, list):
        return [_finish(inner, uri) for inner in value]
    elif isinstance(value, float) and not math.isfinite(value):
        return None
    return value
