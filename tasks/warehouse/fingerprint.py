"""An order-independent hash of the warehouse's content, to compare two states on one server."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import asyncpg

from tasks.postgres.queries import sql


@dataclass(frozen=True)
class Fingerprint:
    """Totals of all facts, and a hash of their business columns and dimension attributes.

    The hash leaves out lineage and surrogate keys. It is a sum over the rows, so their order does not matter.
    """

    lines: int
    units: Decimal
    amount: Decimal
    hash: Decimal


async def fingerprint(connection: asyncpg.Connection) -> Fingerprint:
    """Compute the fingerprint; half a million lines take half a second."""
    row = await connection.fetchrow(sql("fingerprint"))
    assert row is not None  # noqa: S101 - for the type checker: an aggregate has one row
    return Fingerprint(*row)
