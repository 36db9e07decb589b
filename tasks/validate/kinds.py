"""What a line is: a sale, a return, or one of the other kinds; and whether it sells merchandise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tasks.ingest.mapping.load import mapping_of_reading
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.presets import ONLINE_RETAIL
from tasks.ingest.schema import KINDS
from tasks.validate.settings import FeedSettings

KIND = pl.Enum(KINDS)
# Kinds that sell something, or take it back.
_TRADE = ("sale", "return")
# Identities tell kinds apart from these, for good, whatever a preset says one day.
_RETURN_BY_NUMBER = r"^C\d"
# Tables of a mapping that tell what lines are.
_KEYS = frozenset({"kind", "merchandise", "invoice_types"})


@dataclass(frozen=True)
class KindRules:
    """How lines whose words tell no kind are told apart.

    Attributes:
        cancellation: Letter before the digits of an invoice number whose lines are returns; None for none.
        adjustment: Letter before the digits of an invoice number that is an adjustment; None for none.
        negative_is_return: Whether a line with a negative quantity is a return.
        not_merchandise: Stock codes that are no merchandise.
    """

    cancellation: str | None
    adjustment: str | None
    negative_is_return: bool
    not_merchandise: frozenset[str]

    @property
    def are_by_number(self) -> bool:
        """Whether these are the rules from which identities tell kinds apart."""
        return self.cancellation == "C" and not self.negative_is_return

    def is_cancellation(self, invoice_no: pl.Expr) -> pl.Expr:
        """Return whether each invoice number, in upper case, is one of a cancellation."""
        if self.cancellation is None:
            return pl.lit(False)
        return invoice_no.str.contains(rf"^{re.escape(self.cancellation.upper())}\d").fill_null(False)


def _rules_of(mapping: ColumnMapping) -> KindRules:
    letters = mapping.invoice_letters
    return KindRules(
        letters.cancellation,
        letters.adjustment,
        mapping.line.negative_is == "return",
        mapping.not_merchandise,
    )


def kind_rules(mapping: ColumnMapping | None, *, held_lines: bool = False) -> KindRules:
    """Return the rules of a mapping; without one, those of Online Retail.

    Args:
        mapping: The mapping.
        held_lines: Whether the feed held lines before mappings could tell kinds: those of a mapping that says nothing
            about them got theirs by Online Retail's rules, and the same lines in a further delivery get them, too.
    """
    if mapping is None or (held_lines and not _tells_kinds(mapping.content)):
        return _rules_of(ONLINE_RETAIL)
    return _rules_of(mapping)


def rules_of_feed(feed: FeedSettings) -> KindRules:
    """Return the rules by which the lines of a feed are told apart."""
    held_lines = feed.store_column == "passed over"
    return kind_rules(mapping_of_reading(feed.reading), held_lines=held_lines)


def _tells_kinds(content: Mapping[str, Any]) -> bool:
    return not content.keys().isdisjoint(_KEYS) or "negative_is" in content.get("line", {})


def with_kinds(lines: pl.DataFrame, told: pl.Series, rules: KindRules) -> pl.DataFrame:
    """Add what each line is.

    Args:
        lines: Columns ``invoice_no`` and ``quantity``; ``is_cancellation``, by the invoice's number; ``is_listed``, whether the stock code
            is none of merchandise.
        told: The kind that the words of a line tell, null where they tell none.
        rules: What lines are whose words tell no kind.

    Returns:
        The lines with ``kind`` (Enum), ``kind_mark`` (String), the kind where Online Retail's rules tell another from the
        number of the invoice, else null, and ``is_merchandise`` in place of ``is_cancellation`` and ``is_listed``.
    """
    is_return = pl.col("is_cancellation")
    if rules.negative_is_return:
        is_return |= (pl.col("quantity").to_physical() < 0).fill_null(False)
    kind = pl.when(is_return).then(pl.lit("return", KIND)).otherwise(pl.lit("sale", KIND))
    is_merchandise = ~pl.col("is_listed")
    if told.null_count() < told.len():
        kind = pl.coalesce(pl.lit(told.cast(pl.String).cast(KIND)), kind)
        is_merchandise &= kind.is_in(list(_TRADE))
    lines = lines.with_columns(kind=kind, is_merchandise=is_merchandise).drop("is_cancellation", "is_listed")
    if rules.are_by_number and told.null_count() == told.len():
        return lines.with_columns(kind_mark=pl.lit(None, pl.String))
    differs = pl.col("kind") != _kind_by_number(pl.col("invoice_no"))
    return lines.with_columns(kind_mark=pl.when(differs).then("kind").cast(pl.String))


def _kind_by_number(invoice_no: pl.Expr) -> pl.Expr:
    is_return = invoice_no.str.contains(_RETURN_BY_NUMBER).fill_null(False)
    return pl.when(is_return).then(pl.lit("return", KIND)).otherwise(pl.lit("sale", KIND))
