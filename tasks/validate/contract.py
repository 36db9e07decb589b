"""The contract of a line, in pandera: the types of its columns, and the check of all rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from tasks.errors import ContractBroken
from tasks.validate.rules import Rule, completeness, consistency, timeliness, uniqueness, validity
from tasks.validate.schema import CHECKED

# Goes up whenever a rule or the normalisation changes; stored with everything that was judged.
VERSION = "1"
_RULES_KEPT = "every line keeps every rule"


def rules(as_of: date) -> dict[str, tuple[Rule, ...]]:
    """All rules by dimension, for a run on the local day ``as_of``."""
    return {
        "completeness": completeness.RULES,
        "uniqueness": uniqueness.RULES,
        "validity": validity.RULES,
        "consistency": consistency.RULES,
        "timeliness": timeliness.rules(as_of),
    }


def _broken_rows(rule: Rule) -> pl.Expr:
    """The places of the rows that break a rule, as one list."""
    # Nothing is known of the columns of a row that could not be split.
    holds = (
        rule.holds if rule.column == "fault" else pl.col("fault").is_not_null() | rule.holds.fill_null(False)
    )
    return (~holds.fill_null(False)).arg_true().implode().alias(rule.name)


@dataclass(frozen=True)
class Contract:
    """The pandera schema for one day, what its rules mean, how each finds the rows that break it, and what
    they found in the frame judged last."""

    schema: pa.DataFrameSchema
    meaning: pl.DataFrame
    finding: tuple[pl.Expr, ...]
    found: list[pl.DataFrame]

    def violations(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Judge a typed frame; one row a broken rule: row (place in ``frame``), rule, dimension, severity.

        Raises ContractBroken if a rule raises instead of judging, or the frame's types are not the contract's.
        """
        self.found.clear()
        lines = frame.select(list(CHECKED))
        try:
            # pandera's own settings could switch it off, and every line would pass.
            with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
                self.schema.validate(lines, lazy=True)
        except SchemaErrors as error:
            others = error.failure_cases.filter(pl.col("check") != _RULES_KEPT)
            if others.height:
                raise _broken(*others.select("check", "failure_case").row(0)) from error
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise self._culprit(lines, error) from error
        if not self.found:
            raise self._culprit(lines, "it raised")
        rule = pl.Enum(self.meaning.get_column("rule"))
        rows = self.found[0].unpivot(variable_name="rule", value_name="row").explode("row").drop_nulls("row")
        return rows.select("row", pl.col("rule").cast(rule)).join(
            self.meaning.with_columns(pl.col("rule").cast(rule)), on="rule", maintain_order="left"
        )

    def _culprit(self, lines: pl.DataFrame, error: object) -> ContractBroken:
        """The error of the rule that raises, or of none if each by itself does not."""
        for rule in self.finding:
            try:
                lines.select(rule)
            except (Exception, pl.exceptions.PanicException) as raised:  # noqa: BLE001 - code of rules raises anything
                return _broken(rule.meta.output_name(), raised)
        return _broken("(unknown)", error)


def _broken(rule: str, what: object) -> ContractBroken:
    return ContractBroken(
        f"The rule {rule} did not judge but failed ({what}).",
        "Nothing it should have judged was loaded. Mend the rule in tasks/validate/rules, then run again.",
        rule=rule,
    )


def contract(as_of: date) -> Contract:
    """Assemble the contract for a run on the local day ``as_of``."""
    by_dimension = rules(as_of)
    every = [(dimension, rule) for dimension, some in by_dimension.items() for rule in some]
    finding = tuple(_broken_rows(rule) for _, rule in every)
    found: list[pl.DataFrame] = []

    def judge(data: PolarsData) -> bool:
        # All rules in one pass, their rows noted here: one by one, pandera would copy the frame for each of them
        # and make each row a row of text.
        found.append(data.lazyframe.select(finding).collect())
        return not any(rows.item().len() for rows in found[0])

    meaning = pl.DataFrame(
        [(rule.name, dimension, rule.severity) for dimension, rule in every],
        schema={"rule": pl.String, "dimension": pl.String, "severity": pl.String},
        orient="row",
    )
    columns = {name: pa.Column(kind, nullable=True) for name, kind in CHECKED.items()}
    check = pa.Check(judge, name=_RULES_KEPT, error=_RULES_KEPT)
    return Contract(pa.DataFrameSchema(columns, checks=check, strict=True), meaning, finding, found)
