"""Completeness: required columns have a value."""

import polars as pl

from tasks.validate.rules import Rule

RULES = (
    Rule(
        "invoice_no_present",
        "invoice_no",
        "error",
        pl.col("invoice_no").is_not_null(),
        "the line has an invoice number",
    ),
    Rule(
        "stock_code_present",
        "stock_code",
        "error",
        pl.col("stock_code").is_not_null(),
        "the line has a stock code",
    ),
    Rule(
        "currency_told",
        "currency",
        "error",
        ~pl.col("currency_fault").eq_missing("untold"),
        "the line tells its currency, if other lines of the delivery tell theirs",
        "Only a delivery that tells no currency at all is in that of the feed: have the lines without one corrected.",
        only_with="currency_fault",
    ),
    Rule(
        "customer_present",
        "customer_id",
        "warning",
        pl.col("customer_text").is_not_null(),
        "the line has a customer number (135,080 bundled lines have none: guests)",
    ),
    Rule(
        "description_present",
        "description",
        "warning",
        pl.col("description").is_not_null(),
        "the line has a description (1,454 bundled lines have none)",
    ),
    Rule(
        "country_present",
        "country",
        "warning",
        pl.col("country").is_not_null(),
        "the line has a country",
    ),
    Rule(
        "line_unfinished",
        "unfinished",
        "error",
        pl.col("unfinished").is_null(),
        "the line has a line end, or is the last one and its last field looks whole beside those of the others",
        only_with="unfinished",
    ),
)
