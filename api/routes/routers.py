"""Routers whose routes ask for a user first, and then refuse query parameters that they do not have."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from api.authentication import operator, viewer
from api.surface import known_query

SUPABASE = "/api/v1/supabase"
API = "/api/v1"


def viewer_router(prefix: str, subject: str) -> APIRouter:
    """Return a router for every user: GET routes."""
    return APIRouter(prefix=prefix, tags=[subject], dependencies=[Depends(viewer), Depends(known_query)])


def operator_router(prefix: str, subject: str) -> APIRouter:
    """Return a router for operators: POST routes."""
    return APIRouter(prefix=prefix, tags=[subject], dependencies=[Depends(operator), Depends(known_query)])


def open_router(prefix: str, subject: str) -> APIRouter:
    """Return a router for everybody, without data of the warehouse."""
    return APIRouter(prefix=prefix, tags=[subject], dependencies=[Depends(known_query)])
