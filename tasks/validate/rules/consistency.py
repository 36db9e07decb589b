"""Consistency: the columns of a line agree with each other."""

import polars as pl

from tasks.validate.rules import Rule

_INVOICE = pl.col("invoice_no")

_CURRENCY_FAULT = pl.col("currency_fault")

RULES = (
    Rule(
        "price_in_currency",
        "unit_price",
        "error",
        ~_CURRENCY_FAULT.eq_missing("mark"),
        "the marks or codes beside the price and the other amounts, if any, are of the line's currency",
        "A mark such as $ names no currency by itself: give a new feed its currency with --currency, or deliver a "
        "currency column.",
        only_with="currency_fault",
    ),
    Rule(
        "currency_of_feed",
        "currency",
        "error",
        ~_CURRENCY_FAULT.eq_missing("other"),
        "the line has the feed's currency, in a feed whose first lines were loaded by a release that passed currency "
        "columns over",
        "To let the currencies count, run again with --take-columns --replace: the feed's deliveries that come again then "
        "replace what they delivered. Or load them as another feed.",
        only_with="currency_fault",
    ),
    Rule(
        "negative_price_is_adjustment",
        "unit_price",
        "warning",
        pl.when(pl.col("unit_price") < 0).then(_INVOICE).str.contains(r"^A\d").fill_null(True),
        "only adjustments (invoice numbers of A and digits) have a negative price",
    ),
    Rule(
        "cancellation_is_negative",
        "quantity",
        "warning",
        ~pl.when((pl.col("quantity") > 0) & _INVOICE.str.starts_with("C"))
        .then(_INVOICE)
        .str.contains(r"^C\d")
        .fill_null(False),
        "cancellations (invoice numbers of C and digits) have no positive quantity",
    ),
    Rule(
        "not_a_summary",
        "summary",
        "error",
        pl.col("summary").is_null(),
        "the line is no total of others: by a word such as TOTAL, SUM or GESAMT as its invoice number or, at the end of "
        "an invoice, as its stock code; or, as the last of a delivery with ten lines before it, without customer or "
        "stock code, by the sums of their quantities and amounts",
        only_with="summary",
    ),
)
