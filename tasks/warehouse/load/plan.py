"""What one load works on: its deliveries, and how many of their lines each owns or vouches for."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncpg
import polars as pl

from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.schema.columns import DELIVERY_KEY


@dataclass
class DeliveryLoad:
    """A delivery of a load. ``owned`` and ``vouched`` count its lines so far, ``withdrawn`` those that the
    content it replaces had and it has no more."""

    quality: DeliveryQuality
    key: int
    replaces: bool
    owned: int = 0
    further: int = 0
    withdrawn: int = 0


@dataclass
class LoadPlan:
    """A load: its open transaction under the load lock, what it reads, and its work by delivery name."""

    connection: asyncpg.Connection
    silver: Silver
    work: dict[str, DeliveryLoad] = field(default_factory=dict)
    created_invoices: list[pl.Series] = field(default_factory=list)

    def keys(self) -> pl.DataFrame:
        """Names and keys of the deliveries, as columns delivery and delivery_key."""
        return pl.DataFrame(
            [(name, one.key) for name, one in self.work.items()],
            schema=DELIVERY_KEY,
            orient="row",
        )
