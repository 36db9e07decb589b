"""Build the sections of a mapping that tell kinds, money beside the amount, persons and sums."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tasks.ingest.mapping.check import mapping_error
from tasks.ingest.mapping.model import Check, InvoiceLetters, KindRule, Measure, Persons, Words
from tasks.ingest.mapping.terms import term_of

_WITHIN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")
_LETTERS = re.compile("[A-Za-z]{1,5}")


def texts_of(value: Any) -> tuple[str, ...]:
    """Return a text, or the texts of a list, or none."""
    return (value,) if isinstance(value, str) else tuple(value or ())


def words_of(table: Mapping[str, Any]) -> Words:
    """Return the words of columns, trimmed as the values of the file are."""
    return {column: tuple(word.strip() for word in words) for column, words in table.items()}


def kind_rules(tables: Sequence[Mapping[str, Any]]) -> tuple[KindRule, ...]:
    """Build the rules of ``[[kind]]``; raises SettingsError where one lacks its kind or words."""
    for table in tables:
        if not table.get("kind") or not (table.get("when") or table.get("filled")):
            raise mapping_error(
                "[[kind]] needs kind, and when or filled.",
                'Write it as kind = "void" and when = { Status = ["void"] }.',
            )
    return tuple(
        KindRule(
            table["kind"],
            words_of(table.get("when", {})),
            table.get("sign"),
            texts_of(table.get("filled")),
        )
        for table in tables
    )


def measures(table: Mapping[str, Any]) -> dict[str, Measure]:
    """Build the measures of ``[line.measures]``; raises SettingsError where one names no column."""
    for name, measure in table.items():
        if ("column" in measure) == ("sum" in measure):
            raise mapping_error(
                f"line.measures.{name} needs one of column and sum.",
                'Write it as { column = "Tax" }, or as { sum = ["City Tax", "State Tax"] } where several are added up.',
            )
    return {
        name: Measure(
            texts_of(measure.get("column", measure.get("sum"))),
            measure.get("sign", "positive"),
            "sum" in measure,
            measure.get("rounded", False),
        )
        for name, measure in table.items()
    }


def persons(table: Mapping[str, Any]) -> Persons:
    """Build ``[persons]``; raises SettingsError where exceptions have nothing to be excepted from."""
    if table.get("except") and not table.get("starting"):
        raise mapping_error("[persons] except needs starting.", "Leave out except, or tell starting.")
    found = Persons(*(texts_of(table.get(key)) for key in ("columns", "starting", "except")))
    if not all(start.strip() for start in found.starting):
        raise mapping_error("persons.starting: a text is empty, so that all columns begin with it.")
    return found


def codes(value: Any) -> frozenset[str]:
    """Return stock codes as lines have them: trimmed, in upper case."""
    return frozenset(code.strip().upper() for code in texts_of(value))


def invoice_letters(table: Mapping[str, Any]) -> InvoiceLetters:
    """Build ``[invoice_types]``; raises SettingsError where one is no letters, or both are the same."""
    for name, letters in table.items():
        if not _LETTERS.fullmatch(letters):
            raise mapping_error(f"invoice_types.{name}: {letters!r} is no letter.", 'Write it as "C".')
    found = InvoiceLetters(*(_upper(table.get(name)) for name in ("cancellation", "adjustment")))
    if found.cancellation and found.cancellation == found.adjustment:
        raise mapping_error("[invoice_types] cancellation and adjustment have the same letter.")
    return found


def _upper(text: str | None) -> str | None:
    return text and text.upper()


def checks(tables: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    """Build the checks of ``[[check]]``; raises SettingsError where one lacks a key or a term is none."""
    return tuple(_check(table) for table in tables)


def _check(table: Mapping[str, Any]) -> Check:
    if missing := [key for key in ("per", "plus", "equals") if not table.get(key)]:
        raise mapping_error(f"[[check]] has no {missing[0]}.", "Name what is added and what it equals.")
    check = Check(
        table["per"],
        texts_of(table["plus"]),
        texts_of(table.get("minus")),
        table["equals"],
        _within(table.get("within", "0")),
        table.get("rounded", False),
        words_of(table.get("unless", {})),
        texts_of(table.get("unless_amount")),
    )
    for term in (*check.plus, *check.minus, check.equals):
        term_of(term)
    return check


def _within(text: str) -> Decimal:
    if not _WITHIN.fullmatch(text):
        raise mapping_error(f"check.within: {text!r} is no number.", 'Write it as "0.01".')
    return Decimal(text)
