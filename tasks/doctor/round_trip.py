"""How far away the database is: a run waits that long each time it asks."""

from __future__ import annotations

import asyncpg

from tasks.doctor.finding import Finding, ok, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.protocol import traffic_of
from tasks.postgres.traffic import milliseconds

# Within a continent it takes up to 100 ms, over an ocean from there on.
_FAR_SECONDS = 0.15
_FIX = (
    "Run in the region of the database (at Supabase: the project's region, in its settings), or move the project to "
    "the region where you run."
)


def examine_round_trip(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """The finding on the connection that was just opened, with the round trip that opening it has shown."""
    what = f"as {settings.user} to {settings.database}"
    round_trip = traffic_of(connection).round_trip
    if round_trip is None:
        return [ok("connection", what)]
    told = f"{what}, round trip {milliseconds(round_trip * 1000)}"
    if round_trip <= _FAR_SECONDS:
        return [ok("connection", told)]
    return [
        warning("connection", f"{told}: the database is far away, and a run waits for it at each step.", _FIX)
    ]
