"""Answers about sales lines."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.models.base import Model, Money, Page, Quantity, page_example


class Sale(Model):
    """A sales line."""

    feed: str
    invoice_no: str
    invoice_type: Literal["sale", "cancellation", "adjustment"]
    sold_at: datetime
    day: date = Field(description="Local day of the sale.")
    stock_code: str
    description: str | None = Field(description="As delivered on this line.")
    quantity: Quantity = Field(description="Units; negative for returns and stock movements.")
    unit_price: Money
    total_amount: Money
    currency: str = Field(description="Currency of both amounts, by ISO 4217.")
    customer_id: int | None = Field(description="The customer's code as a number; null if it is none.")
    customer_number: str | None = Field(description="The customer's code.")
    country: str | None
    delivery: str = Field(description="Delivery that the line came in.")
    line: int = Field(description="Number of the line in it, from 1.")


class CurrencyTotal(Model):
    """The lines of a currency."""

    currency: str
    lines: int
    amount: Money


class SalesPage(Page[Sale]):
    """Some sales lines, and the totals of all pages by currency."""

    totals: list[CurrencyTotal]


SALES: dict[str, Any] = {
    **page_example(
        {
            "feed": "default",
            "invoice_no": "536365",
            "invoice_type": "sale",
            "sold_at": "2010-12-01T08:26:00Z",
            "day": "2010-12-01",
            "stock_code": "85123A",
            "description": "WHITE HANGING HEART T-LIGHT HOLDER",
            "quantity": "6",
            "unit_price": "2.5500",
            "total_amount": "15.3000",
            "currency": "GBP",
            "customer_id": 17850,
            "customer_number": "17850",
            "country": "United Kingdom",
            "delivery": "/srv/tills/2010-12-01.csv",
            "line": 1,
        }
    ),
    "totals": [{"currency": "GBP", "lines": 1, "amount": "15.3000"}],
}
