"""The prices of what runs use."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from tasks.warehouse.resource_use import Prices

_Price = Annotated[Decimal | None, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class CostSettings(BaseSettings):
    """The prices of what runs use. Each run is recorded with its cost at the prices of its time."""

    retail_cost_currency: str = Field(
        "USD", pattern="^[A-Z]{3}$", description="Currency of the prices, as an ISO 4217 code."
    )
    retail_price_cpu_hour: _Price = Field(None, description="Price of an hour of CPU time.")
    retail_price_gb_sent: _Price = Field(
        None, description="Price of a GB (10^9 bytes) that runs send to the warehouse."
    )
    retail_price_gb_received: _Price = Field(
        None, description="Price of a GB that runs receive from the warehouse (Supabase: egress)."
    )
    retail_price_gb_stored: _Price = Field(None, description="Price of a GB of the database for a month.")

    def prices(self) -> Prices:
        """The prices as the ledger takes them."""
        return Prices(
            self.retail_cost_currency,
            self.retail_price_cpu_hour,
            self.retail_price_gb_sent,
            self.retail_price_gb_received,
            self.retail_price_gb_stored,
        )
