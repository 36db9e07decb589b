"""Answers about the health of the warehouse."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.models.base import Model, Status
from api.models.integrity import INTEGRITY_SUMMARY, IntegritySummary


class Alive(Model):
    """The server lives; nothing was asked."""

    status: Literal["ok"]


class ConnectionFacts(Model):
    """The connection that the question went over."""

    address: str = Field(description="Address of the warehouse without the password.")
    server_version: str
    tls: str | None = Field(description="Version of TLS; null on a socket or on loopback without it.")
    role: str
    is_read_only: bool = Field(description="Whether the database takes no writes: full, or a replica.")
    is_replica: bool
    connections: int = Field(description="Sessions at the server that this role may see.")
    connection_limit: int = Field(description="Most sessions that the server takes.")
    milliseconds: float = Field(description="Time of the question.")


class PoolState(Model):
    """The connections of this server for queries."""

    size: int = Field(description="Most that it keeps.")
    overflow: int = Field(description="Most beyond them at peak.")
    in_use: int


class ConnectionReport(ConnectionFacts):
    """The connection to the warehouse, and the pool."""

    pool: PoolState


class TableState(Model):
    """A table of the schema."""

    name: str = Field(description="Its name with the schema.")
    exists: bool
    rows_estimated: int | None = Field(description="Rows by the statistics; null before the first of them.")


class HealthReport(Model):
    """The health of the warehouse."""

    status: Status = Field(
        description="critical: a table is missing, a check of severity error found something or could not run; "
        "warning: the database is read-only, the schema has another revision, the checks never ran, or one of severity "
        "warning found something."
    )
    connection: ConnectionFacts
    schema_revision: str | None = Field(description="Revision of the schema; null if there is none.")
    tables: list[TableState]
    integrity: IntegritySummary | None = Field(description="The last results; null if the checks never ran.")
    timestamp: datetime


class Finding(Model):
    """The result of a check of the warehouse's health."""

    name: str = Field(description="Name of the check, such as connection_time_p95.")
    status: Status
    value: float | str | None = Field(description="What was measured; null if it is not known.")
    unit: str = Field(description="ms, s, h, days, %, MB or sessions; empty for a text.")
    what: str
    next_step: str


class MonitoringReport(Model):
    """The connection over several tries, and how the server is."""

    status: Status = Field(description="The worst of the findings.")
    findings: list[Finding]
    timestamp: datetime


CONNECTION: dict[str, Any] = {
    "address": "postgresql://retail@db.example.org:5432/postgres",
    "server_version": "17.6",
    "tls": "TLSv1.3",
    "role": "retail",
    "is_read_only": False,
    "is_replica": False,
    "connections": 4,
    "connection_limit": 60,
    "milliseconds": 1.9,
}
CONNECTION_REPORT: dict[str, Any] = {
    **CONNECTION,
    "pool": {"size": 10, "overflow": 20, "in_use": 1},
}
HEALTH: dict[str, Any] = {
    "status": "warning",
    "connection": CONNECTION,
    "schema_revision": "0011_size_history",
    "tables": [{"name": "retail_dwh.fact_sale", "exists": True, "rows_estimated": 541909}],
    "integrity": INTEGRITY_SUMMARY,
    "timestamp": "2026-11-29T06:20:00Z",
}
MONITORING: dict[str, Any] = {
    "status": "ok",
    "findings": [
        {
            "name": "connection_time_p95",
            "status": "ok",
            "value": 21.4,
            "unit": "ms",
            "what": "21 ms to open a connection (p95 of 5)",
            "next_step": "",
        }
    ],
    "timestamp": "2026-11-29T06:20:00Z",
}
