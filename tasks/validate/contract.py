"""The contract of a line, as a pandera schema: the dtypes of its columns and a check of all rules."""

from __future__ import annotations

from collections.abc import Collection
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

# Raise it whenever a rule or the normalisation changes; stored with every validated delivery.
VERSION = "5"
_ALL_RULES = "every line keeps every rule"


def rules(as_of: date, without: Collection[str] = ()) -> dict[str, tuple[Rule, ...]]:
    """Return the rules by dimension.

    Args:
        as_of: Local date of the run.
        without: Names of rules that do not apply.
    """
    every: dict[str, tuple[Rule, ...]] = {
        "completeness": completeness.RULES,
        "uniqueness": uniqueness.RULES,
        "validity": validity.RULES,
        "consistency": consistency.RULES,
        "timeliness": timeliness.rules(as_of),
    }
    return {name: tuple(rule for rule in some if rule.name not in without) for name, some in every.items()}


def rule_columns() -> dict[str, str]:
    """Return the column that each rule is about, by the rule's name."""
    any_day = date(2020, 1, 1)
    return {rule.name: rule.column for members in rules(any_day).values() for rule in members}


def ways_out() -> dict[str, str]:
    """Return what to do about lines that break a rule, by the rule's name, where the rule says so."""
    any_day = date(2020, 1, 1)
    return {
        rule.name: rule.way_out for members in rules(any_day).values() for rule in members if rule.way_out
    }


def _violating_rows(rule: Rule) -> pl.Expr:
    """Return the indices of the rows that break a rule, as one list named after the rule."""
    # Only the rules on fault apply to a row that could not be split or has an unknown word: its columns tell nothing.
    holds = (
        rule.holds if rule.column == "fault" else pl.col("fault").is_not_null() | rule.holds.fill_null(False)
    )
    return (~holds.fill_null(False)).arg_true().implode().alias(rule.name)


@dataclass(frozen=True)
class Contract:
    """The contract for one date.

    Attributes:
        schema: The pandera schema; its check evaluates all rules.
        rules: One row per rule: rule, dimension, severity (String).
        violating_rows: One expression per rule: the indices of the rows that break it.
        last_check: The frame that the check evaluated last (one list of rows per rule), in a list of at most one.
    """

    schema: pa.DataFrameSchema
    rules: pl.DataFrame
    violating_rows: tuple[pl.Expr, ...]
    last_check: list[pl.DataFrame]

    def violations(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Validate a typed frame.

        Args:
            frame: Lines with the columns of ``schema.CHECKED``, among others.

        Returns:
            One row per violation: row (UInt32, index in ``frame``), rule (Enum), dimension and severity (String).

        Raises:
            ContractBroken: A rule raised an error, or the dtypes differ from those of the contract.
        """
        self.last_check.clear()
        lines = frame.select(list(CHECKED))
        try:
            # The environment can switch pandera off; every line would pass.
            with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
                self.schema.validate(lines, lazy=True)
        except SchemaErrors as error:
            mismatches = error.failure_cases.filter(pl.col("check") != _ALL_RULES)
            if mismatches.height:
                raise _contract_broken(*mismatches.select("check", "failure_case").row(0)) from error
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise self._error_of_failing_rule(lines, error) from error
        if not self.last_check:
            raise self._error_of_failing_rule(lines, "unknown error")
        rule = pl.Enum(self.rules.get_column("rule"))
        rules = self.rules.with_columns(pl.col("rule").cast(rule))
        broken: list[pl.DataFrame] = [
            rows.item().alias("row").to_frame().join(rules.filter(pl.col("rule") == rows.name), how="cross")
            for rows in self.last_check[0]
            if rows.item().len()
        ]
        nothing = rules.clear().insert_column(0, pl.Series("row", [], pl.UInt32))
        return pl.concat([nothing, *broken])

    def _error_of_failing_rule(self, lines: pl.DataFrame, error: object) -> ContractBroken:
        """Evaluate the rules one by one and return the error of the first that fails."""
        for rule in self.violating_rows:
            try:
                lines.select(rule)
            except (Exception, pl.exceptions.PanicException) as failure:  # noqa: BLE001 - rules can raise anything
                return _contract_broken(rule.meta.output_name(), failure)
        return _contract_broken("(unknown)", error)


def _contract_broken(rule: str, cause: object) -> ContractBroken:
    first_line = str(cause).partition("\n")[0]
    return ContractBroken(
        f"The rule {rule} cannot be evaluated ({first_line}); the batch was not loaded.",
        "Fix the rule in tasks/validate/rules, then run again.",
        rule=rule,
    )


def build_contract(as_of: date, without: Collection[str] = ()) -> Contract:
    """Build the contract of one run.

    Args:
        as_of: Local date of the run.
        without: Names of rules that do not apply to its deliveries.
    """
    all_rules = [(dimension, rule) for dimension, some in rules(as_of, without).items() for rule in some]
    violating_rows = tuple(_violating_rows(rule) for _, rule in all_rules)
    last_check: list[pl.DataFrame] = []

    needed = {rule.name: rule.only_with for _, rule in all_rules if rule.only_with}

    def check_all_rules(data: PolarsData) -> bool:
        # All rules in one pass, keeping the row indices. With one check per rule, pandera would copy the frame
        # for each of them and format every violating row as text.
        frame = data.lazyframe.collect()
        absent = {name for name in needed.values() if frame.get_column(name).null_count() == frame.height}
        rows_of = (rows for rows in violating_rows if needed.get(rows.meta.output_name()) not in absent)
        last_check.append(frame.select(rows_of))
        return not any(rows.item().len() for rows in last_check[0])

    table = pl.DataFrame(
        [(rule.name, dimension, rule.severity) for dimension, rule in all_rules],
        schema={"rule": pl.String, "dimension": pl.String, "severity": pl.String},
        orient="row",
    )
    columns = {name: pa.Column(dtype, nullable=True) for name, dtype in CHECKED.items()}
    check = pa.Check(check_all_rules, name=_ALL_RULES, error=_ALL_RULES)
    schema = pa.DataFrameSchema(columns, checks=check, strict=True)
    return Contract(schema, table, violating_rows, last_check)
