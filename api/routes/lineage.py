"""Where the columns of a table come from."""

from __future__ import annotations

from dataclasses import asdict

from api.models.lineage import LINEAGE, TableLineage
from api.problems import Problem, answers
from api.query_types import TableName
from api.routes.routers import API, viewer_router
from tasks.outside_text import displayable
from tasks.report.lineage.columns import lineage_of

router = viewer_router(API, "Lineage")


@router.get("/lineage/{table}", responses=answers(LINEAGE, 401, 404, 422, 429, 500, 503))
async def table_lineage(table: TableName) -> TableLineage:
    """Tell where the columns of a table or view of `retail_dwh` come from, back to the columns of a delivery."""
    found = lineage_of(table)
    if found is None:
        raise Problem(
            404,
            f"retail_dwh has no table or view {displayable(table)}.",
            "docs/schema.md lists them; a name without a schema means retail_dwh.",
        )
    return TableLineage.model_validate(
        {
            "table": found.table,
            "columns": [
                {**asdict(column), "origins": found.origins[column.name]} for column in found.columns
            ],
            "row_inputs": [asdict(item) for item in found.row_inputs],
            "upstream": [dataset.name for dataset in found.upstream],
        }
    )
