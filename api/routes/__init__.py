"""The routes, one router a subject."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import PAGES, documentation, rendering
from api.routes import (
    backups,
    connection,
    health,
    integrity,
    ledger,
    lineage,
    metrics,
    monitoring,
    runs,
    sales,
    schema,
    statistics,
)
from api.routes.work import backups as work_on_backups
from api.routes.work import loads

ROUTERS: tuple[APIRouter, ...] = (
    health.alive,
    health.router,
    connection.router,
    monitoring.router,
    statistics.router,
    integrity.router,
    schema.router,
    sales.router,
    ledger.router,
    runs.router,
    backups.router,
    lineage.router,
    metrics.router,
    documentation.router,
    rendering.router,
    work_on_backups.router,
    work_on_backups.of_backups,
    loads.router,
    *PAGES,
)
