"""Validity: values can be parsed and stored exactly."""

import polars as pl

from tasks.ingest.schema import UNKNOWN_WORD
from tasks.validate.rules import Rule

_LIMITS = {
    "invoice_no": 100,
    "stock_code": 100,
    "country": 200,
    "description": 4000,
    "store": 200,
    "source_line": 100,
}
_IS_NUMBER = pl.col("price_is_number").fill_null(False)
_IS_QUANTITY = pl.col("quantity_is_number").fill_null(False)
_TELLS_AMOUNT = pl.col("amount_text").is_not_null()
_AMOUNTS = {
    "total_amount": ("amount", "amount of the line"),
    "discount_amount": ("discount", "discount"),
    "tax_amount": ("tax", "tax"),
    "cost_amount": ("cost", "cost"),
}

_HAS_UNKNOWN_WORD = pl.col("fault").str.contains(UNKNOWN_WORD, literal=True).fill_null(False)
_IN_OTHER_CURRENCY = pl.col("currency_fault").eq_missing("mark")


def _in_range() -> pl.Expr:
    quantity, price, total = pl.col("quantity"), pl.col("unit_price"), pl.col("total_amount")
    of_amount = total.is_null() | quantity.is_null() | (quantity == 0) | price.is_not_null()
    of_price = quantity.is_null() | price.is_null() | total.is_not_null()
    return pl.when(_TELLS_AMOUNT).then(of_amount).otherwise(of_price)


def _storable(column: str, limit: int) -> pl.Expr:
    text = pl.col(column)
    # Hardly any text has one, and it takes time to look at each.
    has_nul = pl.when("may_have_nul").then(text).str.contains("\0", literal=True).fill_null(False)
    return text.is_null() | ((text.str.len_bytes() <= limit) & ~has_nul)


RULES = (
    Rule(
        "row_complete",
        "fault",
        "error",
        pl.col("fault").is_null() | _HAS_UNKNOWN_WORD,
        "the row has as many fields as the header, and neither it nor a value is too long",
        only_with="fault",
    ),
    Rule(
        "word_known",
        "fault",
        "error",
        ~_HAS_UNKNOWN_WORD,
        "the columns whose words its mapping lists (`[words]`, `[rows] lines`) hold one of them",
        "Add the word to [words] or [rows] lines of the mapping, and to [[kind]] what it means, if it is no sale.",
        only_with="fault",
    ),
    Rule(
        "quantity_readable",
        "quantity",
        "error",
        pl.col("quantity").is_not_null() | _IS_QUANTITY,
        "the quantity is a number nearer to 0 than 2^31, by the decimal mark of the feed",
    ),
    Rule(
        "quantity_exact",
        "quantity",
        "error",
        pl.col("quantity").is_not_null() | ~_IS_QUANTITY,
        "the quantity has at most four decimals; quantities are never rounded",
    ),
    Rule(
        "quantity_not_zero",
        "quantity",
        "error",
        pl.col("quantity").is_null() | (pl.col("quantity") != 0),
        "the quantity is not 0",
    ),
    Rule(
        "unit_price_readable",
        "unit_price",
        "error",
        pl.col("unit_price").is_not_null() | _IS_NUMBER | _IN_OTHER_CURRENCY | _TELLS_AMOUNT,
        "the price is a number by the decimal mark of the feed, with at most nine digits before the mark; a line whose "
        "amount is told needs none",
    ),
    Rule(
        "unit_price_exact",
        "unit_price",
        "error",
        pl.col("unit_price").is_not_null() | ~_IS_NUMBER | _IN_OTHER_CURRENCY | _TELLS_AMOUNT,
        "the price has at most four decimals; prices are never rounded",
    ),
    *(
        Rule(
            f"{column}_readable",
            column,
            "error",
            ~pl.col(f"{name}_fault").eq_missing("unreadable"),
            f"the {title}, if told, is a number by the decimal mark of the feed, with at most 14 digits before the mark",
            only_with=f"{name}_fault",
        )
        for column, (name, title) in _AMOUNTS.items()
    ),
    *(
        Rule(
            f"{column}_exact",
            column,
            "error",
            ~pl.col(f"{name}_fault").eq_missing("inexact"),
            f"the {title}, if told, has at most four decimals",
            ""
            if column == "total_amount"
            else f"A mapping rounds it with rounded = true: [line.measures] {name} = "
            f'{{ column = "…", rounded = true }}.',
            only_with=f"{name}_fault",
        )
        for column, (name, title) in _AMOUNTS.items()
    ),
    Rule(
        "currency_known",
        "currency",
        "error",
        ~pl.col("currency_fault").eq_missing("unknown"),
        "the currency, if told, is an ISO 4217 code or a mark of one currency only (EUR, €)",
        only_with="currency_fault",
    ),
    Rule(
        "total_amount_in_range",
        "total_amount",
        "error",
        _in_range(),
        "quantity x price is below 10^14, or amount / quantity where the amount is told",
    ),
    Rule(
        "sold_at_readable",
        "sold_at_local",
        "error",
        pl.col("sold_at_local").is_not_null() | pl.col("has_unknown_zone"),
        "the date is an ISO date or matches the date format of the feed (without one: has one meaning)",
        "If this is how its times are written, say so: formats of [line.time] in its mapping, or --date-format where it has "
        "none (iso, us, eu, or a pattern such as %d.%m.%Y %H:%M).",
    ),
    Rule(
        "sold_at_zone_known",
        "sold_at_local",
        "error",
        ~pl.col("has_unknown_zone"),
        "a time zone in letters is UTC, GMT or Z",
        "Only UTC, GMT and Z name one offset: have the offset delivered as a number (+02:00), or map the letters.",
    ),
    Rule(
        "sold_at_exists",
        "sold_at_local",
        "error",
        pl.col("sold_at_local").is_null() | pl.col("sold_at").is_not_null(),
        "the local time exists in the time zone of the feed (clocks skip an hour in spring)",
    ),
    Rule(
        "customer_id_whole",
        "customer_id",
        "error",
        pl.col("customer_text").is_null() | pl.col("customer_number").is_not_null(),
        "the customer, if given, is a whole number in a feed whose `customers` are `numbers`; in any other feed it may be "
        "any code, but none of two readings, such as `850.000` without a decimal mark",
    ),
    Rule(
        "customer_exact",
        "customer_number",
        "error",
        ~pl.col("customer_rounded").fill_null(False),
        "the customer is no rounded number: E-notation (`1.785E+04`), or more than 15 digits before `.0`",
    ),
    Rule(
        "customer_id_storable",
        "customer_number",
        "error",
        _storable("customer_number", 100),
        "the customer has at most 100 bytes and no NUL character",
    ),
    *(
        Rule(
            f"{column}_exact",
            column,
            "error",
            ~pl.col(f"{column}_rounded").fill_null(False),
            f"`{column}` is no rounded number: E-notation (`5.36E+05`), or more than 15 digits before `.0`",
        )
        for column in ("invoice_no", "stock_code")
    ),
    *(
        Rule(
            f"{column}_storable",
            column,
            "error",
            _storable(column, limit),
            f"`{column}` has at most {limit:,} bytes and no NUL character",
            only_with=column,
        )
        for column, limit in _LIMITS.items()
    ),
    Rule(
        "unit_price_not_zero",
        "unit_price",
        "warning",
        pl.col("unit_price").is_null() | (pl.col("unit_price") != 0),
        "the price is not 0 (it is on 2,515 bundled lines, mostly stock movements)",
    ),
)
