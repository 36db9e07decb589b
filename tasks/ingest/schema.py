"""Columns of bronze: the columns of a sales line as text, and where each row came from."""

from __future__ import annotations

import polars as pl

# Our name of each delivered column, and its names in Online Retail and Online Retail II.
HEADERS: dict[str, tuple[str, ...]] = {
    "invoice_no": ("InvoiceNo", "Invoice"),
    "stock_code": ("StockCode",),
    "description": ("Description",),
    "quantity": ("Quantity",),
    "invoice_date": ("InvoiceDate",),
    "unit_price": ("UnitPrice", "Price"),
    "customer_id": ("CustomerID", "Customer ID"),
    "country": ("Country",),
}
# Columns that a delivery may have beyond them; null in all rows of one that has not.
OPTIONAL_HEADERS: dict[str, tuple[str, ...]] = {"currency": ("Currency", "CurrencyCode"), "store": ("Store",)}
COLUMNS = tuple(HEADERS)
ALL_HEADERS = HEADERS | OPTIONAL_HEADERS
ALL_COLUMNS = tuple(ALL_HEADERS)
# Amounts of a line beside its own.
MEASURES = ("discount", "tax", "cost")
# What only a mapping tells, or is kept of the columns that nothing reads; null in all rows of a file without it. kind is
# a kind of ``KINDS``; attributes and invoice_attributes are JSON objects.
MAPPED_COLUMNS = (
    "amount",
    *MEASURES,
    "kind",
    "source_line",
    "attributes",
    "invoice_attributes",
)
# Columns with money.
AMOUNTS = ("unit_price", "amount", *MEASURES)
# Kinds of lines that become facts.
KINDS = ("sale", "return", "discount", "shipping", "tip", "deposit", "gift_card", "fee")
# Further usual names; looked for only where a file has none of the names above for a column.
ALIASES: dict[str, tuple[str, ...]] = {
    "invoice_no": (
        "Invoice Number",
        "Invoice ID",
        "Order ID",
        "Order No",
        "Order Number",
        "Receipt No",
        "Receipt Number",
    ),
    "stock_code": (
        "SKU",
        "Product Code",
        "Product ID",
        "Item Code",
        "Item No",
        "Item Number",
        "Article Number",
    ),
    "description": ("Product Name", "Item Name", "Product Description", "Item Description"),
    "quantity": ("Qty", "Quantity Ordered", "Qty Ordered", "Quantity Sold", "Qty Sold"),
    "invoice_date": (
        "Invoice Date Time",
        "Order Date",
        "Sale Date",
        "Transaction Date",
        "Date",
        "Created At",
    ),
    "unit_price": ("Price Each", "Price Per Unit"),
    "customer_id": ("Customer No", "Customer Number"),
    "country": ("Country Name", "Customer Country"),
}
# Folded names of columns with the time of the day. A file that has one tells no time under an alias of the date.
TIME_NAMES = frozenset(
    {
        "time",
        "timeofday",
        "ordertime",
        "saletime",
        "saletimes",
        "transactiontime",
        "invoicetime",
        "hour",
        "timezone",
    }
)
# Text as delivered, null where empty.
DELIVERED: dict[str, pl.DataType] = dict.fromkeys((*ALL_COLUMNS, *MAPPED_COLUMNS), pl.String())
# In the fault of a row that was split, and has a word in a column whose words its mapping lists.
UNKNOWN_WORD = " has a word that the mapping does not know: "
# Why a row could not be split into columns, and its text; both null for sound rows.
FAULT: dict[str, pl.DataType] = {"fault": pl.String(), "raw": pl.String()}
# From 1, without the header.
LINE_NO: dict[str, pl.DataType] = {"line_no": pl.Int32()}
# A reader yields frames of these columns, and of the optional ones that its files have; source is the index of the delivery in its group.
READ: dict[str, pl.DataType] = {
    "source": pl.UInt32(),
    **LINE_NO,
    **dict.fromkeys(COLUMNS, pl.String()),
    **FAULT,
}
# The names and hashes of deliveries are Enums in memory.
BRONZE: dict[str, pl.DataType] = {
    "delivery": pl.String(),
    "content_hash": pl.String(),
    **LINE_NO,
    **DELIVERED,
    **FAULT,
}
