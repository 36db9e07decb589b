"""The deliveries of a load, and the counts of their lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncpg
import polars as pl

from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.schema.columns import DELIVERY_KEY


@dataclass
class DeliveryLoad:
    """A delivery of a load.

    Attributes:
        quality: Its counts and scores from the validation.
        key: delivery_key.
        replaces: Whether it replaces earlier content of the same name.
        owned: Lines so far that it owns.
        further: Lines so far that other deliveries own, for which it is a further source.
        withdrawn: Lines of the earlier content that it no longer has.
    """

    quality: DeliveryQuality
    key: int
    replaces: bool
    owned: int = 0
    further: int = 0
    withdrawn: int = 0


@dataclass
class LoadPlan:
    """A load in its open transaction under the load lock.

    Attributes:
        connection: Connection with the transaction.
        silver: Lines to load.
        deliveries: Deliveries to load, by name.
        created_invoices: invoice_key of the invoices that each part added (Int32).
    """

    connection: asyncpg.Connection
    silver: Silver
    deliveries: dict[str, DeliveryLoad] = field(default_factory=dict)
    created_invoices: list[pl.Series] = field(default_factory=list)

    def keys(self) -> pl.DataFrame:
        """Return names and keys of the deliveries, columns as in ``DELIVERY_KEY``."""
        return pl.DataFrame(
            [(name, delivery.key) for name, delivery in self.deliveries.items()],
            schema=DELIVERY_KEY,
            orient="row",
        )
