"""What the lines of each delivery break and repeat, counted over the parts of an output."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from tasks.ingest.ingested import Bronze, IngestedFile
from tasks.ingest.mapping.passed_over import in_currency, passed_over_text
from tasks.validate import contract
from tasks.validate.score import SAMPLES, DeliveryQuality, DimensionScore, FaultyLine

_STORES = ("store", "source_line")
_STORES_PASSED_OVER = (
    "Its stores and line numbers are passed over, since the feed held lines before they counted: with them, known lines "
    "would be new ones. To let them count, run again with --take-columns --replace: its deliveries that come again then "
    "replace what they delivered."
)


class QualityCounts:
    """Counts the violations and copies of each delivery, over all parts."""

    def __init__(self, bronze: Bronze) -> None:
        self._deliveries = bronze.deliveries
        names = bronze.names
        self._quarantined = dict.fromkeys(names, 0)
        self._identical = dict.fromkeys(names, 0)
        self._amounts: dict[str, dict[str, Decimal]] = {name: {} for name in names}
        self._dimensions: dict[str, dict[str, DimensionScore]] = {name: {} for name in names}
        self._rules: dict[str, dict[str, int]] = {name: {} for name in names}
        self._samples: dict[str, list[FaultyLine]] = {name: [] for name in names}
        # What two readings fit, by delivery.
        self.unclear: Mapping[str, str] = {}
        self._with_stores: set[str] = set()

    def note_stores(self, raw: pl.DataFrame) -> None:
        """Note the deliveries of a part that tell a store or a line number."""
        told = [name for name in _STORES if raw.get_column(name).null_count() < raw.height]
        if told:
            names = raw.filter(pl.any_horizontal(pl.col(told).is_not_null())).get_column("delivery")
            self._with_stores.update(names.unique().cast(pl.String))

    def keep_samples(self, faulty: pl.DataFrame) -> None:
        """Keep the first faulty lines of each delivery, one for each rule that they break."""
        first = faulty.group_by("delivery", maintain_order=True).head(SAMPLES).explode("rules", "values")
        for name, line, rule, value in first.select("delivery", "line_no", "rules", "values").iter_rows():
            kept = self._samples[name]
            if len(kept) < SAMPLES:
                kept.append(FaultyLine(line, rule, value))

    def count_violations(self, lines: pl.DataFrame, violations: pl.DataFrame) -> None:
        """Count the violations of a part; a line counts once per dimension, as an error if it breaks an error rule."""
        if not violations.height:
            return
        by_delivery = violations.with_columns(
            lines.get_column("delivery").gather(violations.get_column("row"))
        )
        is_error = pl.col("severity") == "error"
        lazy = by_delivery.lazy()
        by_rule, by_dimension, quarantined = pl.collect_all(
            (
                lazy.group_by("delivery", "rule").len(),
                lazy.group_by("delivery", "dimension", "row")
                .agg(is_error.any().alias("error"))
                .group_by("delivery", "dimension")
                .agg(pl.col("error").sum().alias("errors"), (~pl.col("error")).sum().alias("warnings")),
                lazy.filter(is_error).group_by("delivery").agg(pl.col("row").n_unique()),
            )
        )
        for name, rule, count in by_rule.iter_rows():
            self._rules[name][rule] = self._rules[name].get(rule, 0) + count
        for name, dimension, errors, warnings in by_dimension.iter_rows():
            before = self._dimensions[name].get(dimension, DimensionScore())
            self._dimensions[name][dimension] = DimensionScore(
                before.errors + errors, before.warnings + warnings
            )
        for name, count in quarantined.iter_rows():
            self._quarantined[name] += count

    def count_identical(self, lines: pl.DataFrame) -> None:
        """Count the copies among the lines of a part without errors, and add up their amounts."""
        copies = lines.filter(pl.col("copy_number") > 1)
        by_currency = copies.group_by("delivery", "currency")
        for name, currency, count, amount in by_currency.agg(
            pl.len(), pl.col("total_amount").sum().alias("amount")
        ).iter_rows():
            self._identical[name] += count
            self._amounts[name][currency] = self._amounts[name].get(currency, Decimal(0)) + amount

    def quality(self, currency: str, drops: bool, truncated: Collection[str]) -> list[DeliveryQuality]:
        """Return the quality of each delivery.

        Args:
            currency: Currency of the feed.
            drops: Whether the feed drops identical lines.
            truncated: Names of the deliveries whose quarantine is over the limit.
        """
        ways_out = contract.ways_out()
        return [
            DeliveryQuality(
                delivery.name,
                delivery.content_hash,
                delivery.rows_in,
                self._quarantined[delivery.name],
                self._identical[delivery.name],
                self._identical[delivery.name] if drops else 0,
                str(self._amounts[delivery.name].get(currency, Decimal(0))),
                self._dimensions[delivery.name],
                self._rules[delivery.name],
                delivery.name in truncated,
                tuple(self._samples[delivery.name]),
                notes=(
                    *(
                        (passed_over_text(passed_over),)
                        if (passed_over := _passed_over(delivery, currency))
                        else ()
                    ),
                    *delivery.notes,
                    *(
                        f"{count:,} of its lines break {rule}. {ways_out[rule]}"
                        for rule, count in self._rules[delivery.name].items()
                        if rule in ways_out
                    ),
                    *((_STORES_PASSED_OVER,) if delivery.name in self._with_stores else ()),
                ),
                identical_amounts={
                    code: str(amount) for code, amount in sorted(self._amounts[delivery.name].items())
                },
                unclear_missing=self.unclear.get(delivery.name, ""),
                passed_over=_passed_over(delivery, currency),
            )
            for delivery in self._deliveries
        ]


def _passed_over(delivery: IngestedFile, currency: str) -> dict[str, dict[str, Any]]:
    return in_currency(delivery.passed_over, currency, tells_currency=delivery.tells_currency)
