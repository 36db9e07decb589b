"""Facets of OpenLineage from what a run tells of a dataset: schema, columns, quality, statistics.

Importing this module imports the OpenLineage client: only a run that sends lineage does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from openlineage.client import facet_v2 as facets
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    data_quality_assertions_dataset,
    data_quality_metrics_input_dataset,
    schema_dataset,
)

from tasks.ingest.schema import COLUMNS
from tasks.report.lineage.columns import DATASETS, from_delivery
from tasks.report.lineage.dataset import Input
from tasks.report.lineage.location import Location
from tasks.report.lineage.record import DatasetRecord
from tasks.report.lineage.stages import STAGES
from tasks.report.lineage.views import VIEWS
from tasks.validate.contract import rules

# The column of a delivery or of bronze that a rule on a typed column is about; other rules are about whole lines.
_DELIVERED = {"sold_at_local": "invoice_date"} | {name: name for name in COLUMNS}
_MISSING = "_present"
_TYPES = {dataset.name: "FILE" for dataset in STAGES} | {view.name: "VIEW" for view in VIEWS}


def dataset_facets(record: DatasetRecord) -> dict[str, facets.DatasetFacet]:
    """Schema, version and type of a dataset."""
    made: dict[str, facets.DatasetFacet] = {}
    if record.kind:
        made["schema"] = schema_dataset.SchemaDatasetFacet(
            fields=[
                schema_dataset.SchemaDatasetFacetFields(
                    name=column.name, type=column.type, ordinal_position=number, fields=None
                )
                for number, column in enumerate(DATASETS[record.kind].columns, start=1)
            ]
        )
        made["datasetType"] = facets.dataset_type_dataset.DatasetTypeDatasetFacet(
            datasetType=_TYPES.get(record.kind, "TABLE")
        )
    if record.version:
        made["version"] = facets.dataset_version_dataset.DatasetVersionDatasetFacet(
            datasetVersion=record.version
        )
    return made


def column_lineage(
    record: DatasetRecord, locations: Mapping[str, tuple[Location, ...]], *, is_composed: bool
) -> column_lineage_dataset.ColumnLineageDatasetFacet | None:
    """What the columns of an output are made of; None if nothing of it is known.

    Args:
        record: The output.
        locations: Where the datasets are; inputs in others are left out.
        is_composed: Whether the columns lead straight to those of the deliveries.
    """
    if not record.kind:
        return None
    dataset = from_delivery(record.kind) if is_composed else DATASETS[record.kind]
    fields = {
        column.name: column_lineage_dataset.Fields(inputFields=inputs)
        for column in dataset.columns
        if (inputs := _input_fields(column.inputs, locations))
    }
    rows = _input_fields(dataset.row_inputs, locations)
    if not fields and not rows:
        return None
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields, dataset=rows or None)


def _input_fields(
    inputs: tuple[Input, ...], locations: Mapping[str, tuple[Location, ...]]
) -> list[column_lineage_dataset.InputField]:
    used: dict[tuple[Location, str], list[Input]] = {}
    for item in inputs:
        for location in locations.get(item.dataset, ()):
            used.setdefault((location, item.column), []).append(item)
    return [
        column_lineage_dataset.InputField(
            namespace=location.namespace,
            name=location.name,
            field=column,
            transformations=[
                column_lineage_dataset.Transformation(
                    type="DIRECT" if item.is_direct else "INDIRECT",
                    subtype=item.kind,
                    description=item.description or None,
                    masking=item.masking,
                )
                for item in items
            ],
        )
        for (location, column), items in used.items()
    ]


def input_facets(record: DatasetRecord) -> dict[str, facets.InputDatasetFacet]:
    """Statistics of an input, and its quality where it was validated: null counts and the rules of the contract."""
    made: dict[str, facets.InputDatasetFacet] = {}
    if record.rows is not None or record.size is not None or record.files is not None:
        made["inputStatistics"] = facets.input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
            rowCount=record.rows, size=record.size, fileCount=record.files
        )
    if record.violations is None:
        return made
    made["dataQualityMetrics"] = _metrics(record, record.violations)
    made["dataQualityAssertions"] = _assertions(record.violations)
    return made


def output_facets(record: DatasetRecord) -> dict[str, facets.OutputDatasetFacet]:
    """Statistics of an output."""
    if record.rows is None:
        return {}
    statistics = facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
    return {
        "outputStatistics": statistics(rowCount=record.rows, size=record.size, fileCount=record.files),
    }


def _metrics(
    record: DatasetRecord, violations: Mapping[str, int]
) -> data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet:
    nulls = {
        rule.removesuffix(_MISSING): count for rule, count in violations.items() if rule.endswith(_MISSING)
    }
    nulls["customer_id"] = nulls.pop("customer", 0)
    columns = {
        column: data_quality_metrics_input_dataset.ColumnMetrics(
            nullCount=count,
            count=None if record.rows is None else record.rows - count,
            quantiles=None,
        )
        for column, count in nulls.items()
        if column in COLUMNS
    }
    return data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
        columnMetrics=columns, rowCount=record.rows, bytes=record.size, fileCount=record.files
    )


def _assertions(
    violations: Mapping[str, int],
) -> data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet:
    # The date decides which lines break a rule, not which rules there are.
    every = rules(date(2020, 1, 1))
    return data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
        assertions=[
            data_quality_assertions_dataset.Assertion(
                assertion=rule.name,
                success=not violations.get(rule.name, 0),
                column=_DELIVERED.get(rule.column),
                severity="error" if rule.severity == "error" else "warn",
                name=f"{dimension}.{rule.name}",
                description=rule.explanation,
                expected="0",
                actual=str(violations.get(rule.name, 0)),
                params=None,
            )
            for dimension, members in every.items()
            for rule in members
        ]
    )
