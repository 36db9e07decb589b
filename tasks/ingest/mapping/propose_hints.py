"""What a proposed mapping leaves to people, as comments: fill-down, states of sales, money beside the line's amount."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from tasks.ingest.column_words import speaks_of_currency, speaks_of_money_or_state, speaks_of_person, words_of

Columns = Mapping[str, Sequence[str]]
_MOST_WORDS = 8
_NUMBER = re.compile(r"[^\w]*\d[\d.,'\s]*[^\d]{0,4}")
_DISCOUNTS = frozenset(
    {"discount", "discounts", "rabatt", "remise", "descuento", "sconto", "korting", "desconto", "rabat"}
)
_TAXES = frozenset(
    {
        "tax",
        "taxes",
        "vat",
        "gst",
        "mwst",
        "ust",
        "steuer",
        "tva",
        "iva",
        "btw",
        "imposta",
        "impuesto",
        "imposto",
    }
)
# Before the discount, without tax: these are amounts of the line. A share is none.
_OF_AMOUNTS = frozenset(
    {
        "incl",
        "excl",
        "o",
        "without",
        "total",
        "subtotal",
        "net",
        "gross",
        "price",
        "preis",
        "prix",
        "vor",
        "code",
        "inc",
        "rate",
        "satz",
    }
)


def fill_hints(
    columns: Columns, invoice: str | None, of_invoices: Sequence[str], quoted: Mapping[str, str]
) -> list[str]:
    """Propose what is filled down where further rows of an invoice leave columns blank.

    Args:
        columns: The first values of each column, row by row; empty text for a blank.
        invoice: The column with the invoice number; None if no name tells it.
        of_invoices: Columns that tell something of an invoice, such as its time; those of a sale's state are looked at, too.
        quoted: Each column's name as a string of TOML.
    """
    if invoice is None:
        return []
    previous, further = "", []
    for row, number in enumerate(columns[invoice]):
        if previous and number in {"", previous}:
            further.append(row)
        previous = number or previous
    told = [name for name in columns if name in {invoice, *of_invoices} or name in _states(columns)]
    blank = [name for name in told if any(columns[name]) and not any(columns[name][row] for row in further)]
    if not further or not blank:
        return []
    return [
        "",
        "# [fill]  # blank on the further rows of an invoice: filled down within it",
        f"# key = [{quoted[invoice]}]",
        f"# columns = [{', '.join(quoted[name] for name in blank)}]",
    ]


def state_hints(columns: Columns, quoted: Mapping[str, str]) -> list[str]:
    """Propose the words of columns that tell kind or state of a sale, of which some rows may be none.

    Args:
        columns: The first values of each column that the mapping does not read yet.
        quoted: Each column's name as a string of TOML.
    """
    words = _states(columns)
    if not words:
        return []
    first = quoted[next(iter(words))]
    return [
        "",
        "# Words of these columns may change every sum: which rows are no lines, which were never sold or came back?",
        "# [rows]",
        f'# none = {{ {first} = ["…"] }}',
        "# [[kind]]",
        '# kind = "void"  # or cancelled, unpaid, training, return, …',
        f'# when = {{ {first} = ["…"] }}',
        "# [words]  # all that there are; a row with another is set aside",
        *(f"# {quoted[name]} = {json.dumps(found, ensure_ascii=False)}" for name, found in words.items()),
    ]


def _states(columns: Columns) -> dict[str, list[str]]:
    """The words of each column that tells kind or state of a sale."""
    found = {
        name: list(dict.fromkeys(filter(None, values)))
        for name, values in columns.items()
        if speaks_of_money_or_state(name) and not speaks_of_person(name) and not speaks_of_currency(name)
    }
    return {
        name: words
        for name, words in found.items()
        if 0 < len(words) <= _MOST_WORDS and all(map(_is_word, words))
    }


def measure_hints(columns: Columns, quoted: Mapping[str, str]) -> list[str]:
    """Propose discount and tax of the line.

    Args:
        columns: The first values of each column that the mapping does not read yet.
        quoted: Each column's name as a string of TOML.
    """
    lines = []
    for measure, words in (("discount", _DISCOUNTS), ("tax", _TAXES)):
        for name, values in columns.items():
            found = [value for value in values if value]
            is_money = bool(found) and all(map(_NUMBER.fullmatch, found)) and "%" not in name
            is_measure = not words.isdisjoint(words_of(name)) and _OF_AMOUNTS.isdisjoint(words_of(name))
            if is_money and is_measure:
                told = [value for value in found if re.search("[1-9]", value)]
                is_negative = bool(told) and all(re.match(r"\D*[-(]", value) for value in told)
                sign = ', sign = "negative"' if is_negative else ""
                lines.append(f"# {measure} = {{ column = {quoted[name]}{sign} }}")
                break
    return (
        ["", "# [line.measures]  # if they are of the line; those of the order go to [order]", *lines]
        if lines
        else []
    )


def _is_word(text: str) -> bool:
    """Whether a text is no number, day or address, and stands in one line of the mapping."""
    return text.isprintable() and "@" not in text and not any(map(str.isdigit, text))
