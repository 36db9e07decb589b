"""What a run used, and what that cost, for the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tasks.postgres.traffic import Network

_GB = 10**9
_HOUR = 3600
_SMALLEST = Decimal("0.000000001")


@dataclass(frozen=True)
class Prices:
    """Prices in a currency (ISO 4217); None for what costs nothing or is not known. GB are 10^9 bytes."""

    currency: str = "USD"
    cpu_hour: Decimal | None = None
    gb_sent: Decimal | None = None
    gb_received: Decimal | None = None
    gb_stored_month: Decimal | None = None

    @property
    def are_set(self) -> bool:
        """Whether there is any price."""
        prices = (self.cpu_hour, self.gb_sent, self.gb_received, self.gb_stored_month)
        return any(price is not None for price in prices)

    def cpu_cost(self, seconds: float) -> Decimal | None:
        """Cost of CPU seconds, to a billionth; None without a price."""
        return None if self.cpu_hour is None else _rounded(Decimal(str(seconds)) * self.cpu_hour / _HOUR)

    def traffic_cost(self, sent: int, received: int) -> Decimal | None:
        """Cost of bytes sent to and received from the warehouse, to a billionth; None without a price."""
        if self.gb_sent is None and self.gb_received is None:
            return None
        sent_cost = sent * (self.gb_sent or Decimal(0))
        return _rounded((sent_cost + received * (self.gb_received or Decimal(0))) / _GB)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_SMALLEST)


NO_PRICES = Prices()


@dataclass(frozen=True)
class StageUse:
    """Use of a stage: seconds in which it was busy, CPU seconds of its threads, lines."""

    stage: str
    seconds: float
    cpu_seconds: float
    rows: int


@dataclass(frozen=True)
class ResourceUse:
    """What a run used until its end.

    Attributes:
        seconds: Its duration.
        cpu_seconds: CPU seconds of the process over all threads.
        peak_memory_bytes: Largest resident memory of the process so far.
        bytes_read: Bytes read from deliveries and the workspace.
        bytes_written: Bytes written to the workspace.
        network: What went to and from the warehouse; None before the first answer.
        stages: Use of each stage.
        prices: The prices now.
    """

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    bytes_read: int
    bytes_written: int
    network: Network | None = None
    stages: tuple[StageUse, ...] = ()
    prices: Prices = field(default=NO_PRICES)

    def costs(self) -> dict[str, str]:
        """Costs as decimals in text: ``cpu``, ``traffic``, ``total`` and ``currency``; empty without prices for them."""
        sent, received = (self.network.bytes_sent, self.network.bytes_received) if self.network else (0, 0)
        costs = {
            "cpu": self.prices.cpu_cost(self.cpu_seconds),
            "traffic": self.prices.traffic_cost(sent, received),
        }
        known = {name: cost for name, cost in costs.items() if cost is not None}
        if not known:
            return {}
        total = sum(known.values(), Decimal(0))
        return {name: f"{cost:f}" for name, cost in (known | {"total": total}).items()} | {
            "currency": self.prices.currency
        }


def end_row(began_at: datetime, use: ResourceUse | None) -> str:
    """Return the end of a run as JSON for ``close_run.sql``: the columns of ``retail_ops.run_end`` it gives."""
    row: dict[str, Any] = {"began_at": began_at.isoformat(), "stages": []}
    if use is not None:
        costs = use.costs()
        row |= {
            "seconds": use.seconds,
            "cpu_seconds": use.cpu_seconds,
            "peak_memory_bytes": use.peak_memory_bytes,
            "bytes_read": use.bytes_read,
            "bytes_written": use.bytes_written,
            "cpu_cost": costs.get("cpu"),
            "traffic_cost": costs.get("traffic"),
            "stages": [[stage.stage, stage.seconds, stage.cpu_seconds, stage.rows] for stage in use.stages],
        }
        if use.prices.are_set:
            stored = use.prices.gb_stored_month
            row |= {"currency": use.prices.currency, "gb_month": None if stored is None else f"{stored:f}"}
        if use.network is not None:
            row |= {
                name: getattr(use.network, name)
                for name in ("connections", "turns", "bytes_sent", "bytes_received")
            }
    return json.dumps(
        {name: value for name, value in row.items() if value is not None}, separators=(",", ":")
    )
