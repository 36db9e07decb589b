"""The pages: server-rendered HTML without a script, for every user; they ask what the API's endpoints ask."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import backups, deliveries, overview, quality, quarantine, runs

PAGES: tuple[APIRouter, ...] = (
    overview.router,
    quality.router,
    deliveries.router,
    quarantine.router,
    runs.router,
    backups.router,
)
