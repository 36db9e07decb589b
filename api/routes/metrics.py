"""Metrics for Prometheus."""

from __future__ import annotations

from fastapi.responses import Response

from api.problems import READ_PROBLEMS, problems
from api.routes.routers import viewer_router
from api.state import Pool, State
from flows.metrics import CONTENT_TYPE, read_metrics

router = viewer_router("", "Metrics")
_EXAMPLE = """# HELP retail_schema_info Versions of the package and of the schema.
# TYPE retail_schema_info gauge
retail_schema_info{package_version="0.1.0",revision="0011"} 1.0
"""


class MetricsResponse(Response):
    """Prometheus text."""

    media_type = "text/plain"


@router.get(
    "/metrics",
    response_class=MetricsResponse,
    responses={
        200: {
            "description": "The metrics, as Prometheus text.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **problems(*READ_PROBLEMS),
    },
)
async def metrics(pool: Pool, state: State) -> Response:
    """Tell the metrics of the warehouse, read from its ledger now."""
    disk = state.resolved.settings.retail_disk_mb
    text = await read_metrics(pool, disk_bytes=disk * 1_000_000 if disk else None)
    return MetricsResponse(text, headers={"content-type": CONTENT_TYPE})
