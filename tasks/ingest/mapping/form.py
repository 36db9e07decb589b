"""The form of a mapping file: its sections and keys, of which the checks and the JSON Schema are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tasks.ingest.schema import KINDS as LINE_KINDS

Kind = Literal["text", "choice", "flag", "number", "texts", "text_or_texts", "groups", "words", "pairs"]
_TEXT: dict[str, Any] = {"type": "string"}
_NAME: dict[str, Any] = {"type": "string", "pattern": "\\S"}
_NAMES: dict[str, Any] = {"type": "array", "items": _NAME, "minItems": 1}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT, "minItems": 1}
# JSON Schema of the values of each kind.
KINDS: dict[Kind, dict[str, Any]] = {
    "text": _TEXT,
    "choice": _TEXT,
    "flag": {"type": "boolean"},
    "number": {"type": "integer", "minimum": 1},
    "texts": _TEXTS,
    "text_or_texts": {"anyOf": [_NAME, _NAMES]},
    "groups": {"type": "array", "items": {"anyOf": [_NAME, _TEXTS]}},
    "words": {"type": "object", "additionalProperties": _TEXTS},
    "pairs": {"type": "object", "additionalProperties": _TEXT},
}
# How a message names a value of each kind.
KIND_NAMES: dict[Kind, str] = {
    "text": "a text",
    "choice": "a text",
    "flag": "true or false",
    "number": "a whole number from 1",
    "texts": "a list of texts",
    "text_or_texts": "a text or a list of texts",
    "groups": "a list of texts, or of lists of alternatives",
    "words": "a table of columns with lists of words",
    "pairs": "a table of texts",
}


@dataclass(frozen=True)
class Key:
    """A key of the form: the kind of its value, what it means, and its choices if they are closed."""

    kind: Kind
    means: str
    choices: tuple[str, ...] = ()


Section = Mapping[str, Key]
# Keys of [order] and what they mean; all but the last four are amounts.
ORDER_KEYS = {
    "shipping": "Shipping of the order",
    "tax": "Tax of the order",
    "discount": "Discount of the order",
    "refund": "What was refunded of the order",
    "tip": "Tip of the order",
    "subtotal": "Sum of the order's lines, as the file tells it",
    "total": "Total of the order, as the file tells it",
    "status": "Status of the order",
    "cancelled": "When the order was cancelled",
    "number": "A further number of the order",
    "other": "Anything else that the order tells",
}
ORDER_TEXTS = ("status", "cancelled", "number", "other")
# Kinds of lines, and what makes a row none: a mapping's words for them.
NEVER_SOLD = ("void", "training", "cancelled", "unpaid", "unpriced")
NO_LINE = "no_line"
_MEASURE: Section = {
    "column": Key("text_or_texts", "The first column that is filled; an amount of the line."),
    "sum": Key("texts", "Columns that are added up, in place of column; a blank is 0."),
    "sign": Key(
        "choice",
        "Sign of what is taken off, contained or spent, as the file writes it. Default: positive.",
        ("positive", "negative"),
    ),
    "rounded": Key("flag", "More than four decimals are rounded to four. Default: false, an error."),
}
# The sections by their names in TOML; the top level is empty text. A Key in place of a section: all its keys are the
# file's own, columns or words.
FORM: dict[str, Section | Key] = {
    "": {
        "schema": Key("number", "Version of the form: 1."),
        "name": Key("text", "Name: lower-case letters, digits and underscores."),
        "title": Key("text", "What it reads."),
        "status": Key("choice", "How sure it is.", ("confirmed", "readers", "likely")),
        "source": Key("text", "Where the form of the file was seen."),
        "seen": Key("text", "Day on which it was seen."),
        "sample": Key("text", "File with a sample."),
    },
    "signature": {
        "required": Key("groups", "Columns that the file must have; of a list of alternatives, one."),
        "own": Key("texts", "Columns that hardly any other system has."),
        "forbidden": Key("texts", "Columns that it must not have."),
        "known": Key("texts", "Further columns that it may have."),
    },
    "read": {
        "decimal": Key("choice", "Decimal mark of its numbers. Default: the feed's.", (".", ",")),
        "missing": Key("texts", "Words for a missing value, beside empty text and the feed's words."),
        "header_within": Key("number", "The header is one of the first so many records, at most 20."),
        "footer": Key(
            "texts", "Texts with which its footer's records begin; those of another width hold one."
        ),
    },
    "fill": {
        "key": Key("texts", "Columns that tell the invoice."),
        "columns": Key("texts", "Columns filled down within the invoice, never over its end."),
    },
    "line": {
        "invoice": Key("text_or_texts", "Invoice number; several columns are joined by /."),
        "code": Key("text_or_texts", "Stock code: the first column that is filled."),
        "code_else": Key("text", "Stock code of lines without one."),
        "description": Key("text_or_texts", "Description: the first column that is filled."),
        "quantity": Key("text_or_texts", "Quantity: the first column that is filled."),
        "quantity_is": Key("number", "Quantity of every line."),
        "quantity_else": Key("number", "Quantity of lines that tell none."),
        "country": Key("text_or_texts", "Country: the first column that is filled."),
        "country_is": Key("text", "Country of every line."),
        "customer": Key("text_or_texts", "Customer: the first column that is filled."),
        "currency": Key(
            "text_or_texts", "Currency: the first column that is filled; ISO 4217 codes or marks."
        ),
        "store": Key("text_or_texts", "Store: the first column that is filled."),
        "line_number": Key(
            "text_or_texts", "Number of the line in its source; several columns are joined by /."
        ),
        "equal_lines": Key("choice", "Two equal rows are two sales, and no warning.", ("real",)),
        "negative_is": Key(
            "choice",
            "What a negative quantity is where no word tells a kind. Default: return.",
            ("return", "sale"),
        ),
        "usual_names": Key("flag", "Look for the other columns under their usual names. Default: false."),
    },
    "line.time": {
        "columns": Key("text_or_texts", "Time of the sale; several columns are joined by a blank."),
        "formats": Key(
            "texts", "iso, us, eu or strptime patterns: the first that reads. Default: the feed's."
        ),
        "zone_column": Key("text", "Column with the name of the time zone."),
        "zone_names": Key("choice", "Whose names these are.", ("iana", "rails", "windows")),
        "letters": Key("pairs", 'Letters at the end of the time and their offsets, as EST = "-05:00".'),
        "date_only": Key("flag", "The file tells days without a time: midnight. Default: false."),
    },
    "line.amount": {
        "piece": Key("text_or_texts", "Price of a piece: the first column that is filled."),
        "line": Key(
            "text_or_texts", "Amount of the line, in place of a price: the first column that is filled."
        ),
        "stage": Key(
            "choice",
            "What is taken off it already. Told, never computed.",
            ("list", "after_discount", "after_coupons"),
        ),
        "tax": Key("choice", "Whether tax is in it. Told, never computed.", ("with", "without", "depends")),
        "marks": Key("texts", "Marks that are taken off amounts; they name no currency."),
    },
    "line.measures": {},
    "line.measures.discount": _MEASURE,
    "line.measures.tax": _MEASURE,
    "line.measures.cost": _MEASURE,
    "order": {
        key: Key("text_or_texts", f"{meaning}: the first column that is filled; once an invoice.")
        for key, meaning in ORDER_KEYS.items()
    },
    "kind": {
        "kind": Key(
            "choice",
            "What a row is if its words fit: the first that fits. A row never sold, or no line, is counted and passed "
            "over.",
            (*LINE_KINDS, *NEVER_SOLD, NO_LINE),
        ),
        "when": Key("words", 'Words that the row has in each of these columns; "" is a blank.'),
        "filled": Key(
            "texts", "Columns that the row all fills, whatever they hold, such as a time of cancellation."
        ),
        "sign": Key(
            "choice",
            "The file writes the row without a sign: its amounts and quantity are negative.",
            ("negative",),
        ),
    },
    "rows": {
        "lines": Key("words", "Words of columns that make a row a line; any other word sets the row aside."),
        "none": Key("words", 'Words of columns that make a row no line; "" is a blank.'),
        "parents": Key(
            "words",
            "Words of columns that make a row the parent of the lines below it with the same key of [fill]: no line, but "
            "[order] and [parent] are taken from it.",
        ),
    },
    "parent": {
        "customer": Key(
            "text_or_texts", "Customer of the lines: the first column of the parent that is filled."
        ),
        "country": Key(
            "text_or_texts", "Country of the lines: the first column of the parent that is filled."
        ),
        "currency": Key(
            "text_or_texts", "Currency of the lines: the first column of the parent that is filled."
        ),
        "store": Key("text_or_texts", "Store of the lines: the first column of the parent that is filled."),
    },
    "words": Key("words", "All the words that a column may hold; a row with another one is set aside."),
    "constant": Key("pairs", "Text of a column of ours in every line; empty text for none."),
    "merchandise": {"not_codes": Key("texts", "Stock codes that are no merchandise.")},
    "invoice_types": {
        "cancellation": Key("text", "Letter before the digits of a cancellation's invoice number."),
        "adjustment": Key("text", "Letter before the digits of an adjustment's invoice number."),
    },
    "attributes": {"columns": Key("texts", "Columns that are kept though their name speaks of a person.")},
    "persons": {
        "columns": Key("texts", "Columns with personal data, which are never stored."),
        "starting": Key("texts", "The columns that begin so have personal data, too."),
        "except": Key("texts", "Columns that begin so and have none."),
    },
    "check": {
        "per": Key("choice", "Of what the sums are equal.", ("invoice", "row", "file")),
        "plus": Key("texts", "Terms that are added."),
        "minus": Key("texts", "Terms that are taken off."),
        "equals": Key("text", "The term that the file tells a second time."),
        "within": Key("text", "How far they may be apart: a number."),
        "rounded": Key("flag", "Prices are rounded: a cent a piece more. Default: false."),
        "unless": Key("words", "Words of columns for which they need not be equal."),
        "unless_amount": Key(
            "texts", "Columns with an amount other than 0 where they need not be equal, such as a refund."
        ),
    },
    "ask": {
        "currency": Key("text", "Why somebody must tell the currency."),
        "timezone": Key("text", "Why somebody must tell the time zone."),
    },
}
# Sections that occur any number of times, as [[kind]].
REPEATED = ("kind", "check")
# What the form will hold one day. A file that says so is refused, never read without it.
LATER: dict[str, tuple[str, ...]] = {
    "": ("join",),
    "read": ("form", "delimiter", "encoding", "main", "skip"),
}
# Keys that do not decide how a file is read.
UNDECIDING = ("title", "status", "source", "seen", "sample", "signature", "ask")
# Our columns by the names that people write, and where they are in the form.
LINE_KEYS: dict[str, tuple[str, str]] = {
    "invoice_no": ("line", "invoice"),
    "stock_code": ("line", "code"),
    "description": ("line", "description"),
    "quantity": ("line", "quantity"),
    "invoice_date": ("line.time", "columns"),
    "unit_price": ("line.amount", "piece"),
    "customer_id": ("line", "customer"),
    "country": ("line", "country"),
    "currency": ("line", "currency"),
    "store": ("line", "store"),
    "source_line": ("line", "line_number"),
    "amount": ("line.amount", "line"),
}
# Without these there is no sales line.
NEEDED = ("invoice_no", "stock_code", "quantity", "invoice_date", "unit_price")


def sections_below(section: str) -> tuple[str, ...]:
    """Return the keys of a section that are sections themselves."""
    prefix = f"{section}." if section else ""
    names = (name.removeprefix(prefix) for name in FORM if name and name.startswith(prefix))
    return tuple(name for name in names if name and "." not in name)


def table_of(content: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    """Return a section of a form's content; empty if it is not there."""
    table = content
    for name in section.split(".") if section else ():
        table = table.get(name, {})
    return table
