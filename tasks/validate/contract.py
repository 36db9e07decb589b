"""The contract of a line, in pandera: assembled from the rules, one column a rule belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from tasks.errors import ContractBroken
from tasks.validate.normalise import MONEY
from tasks.validate.rules import Rule, completeness, consistency, timeliness, uniqueness, validity

# Goes up whenever a rule or the normalisation changes; stored with everything that was judged.
VERSION = "1"
DIMENSIONS = ("completeness", "uniqueness", "validity", "consistency", "timeliness")
COLUMNS: dict[str, pl.DataType] = {
    "invoice_no": pl.String(),
    "stock_code": pl.String(),
    "description": pl.String(),
    "quantity": pl.Int32(),
    "sold_at_local": pl.Datetime("us"),
    "sold_at": pl.Datetime("us", "UTC"),
    "unit_price": MONEY,
    "total_amount": MONEY,
    "customer_id": pl.Int64(),
    "country": pl.String(),
    "copy_number": pl.Int32(),
    "fault": pl.String(),
    "quantity_text": pl.String(),
    "price_text": pl.String(),
    "customer_text": pl.String(),
}


def rules(as_of: date) -> dict[str, tuple[Rule, ...]]:
    """All rules by dimension, for a run on the local day ``as_of``."""
    return {
        "completeness": completeness.RULES,
        "uniqueness": uniqueness.RULES,
        "validity": validity.RULES,
        "consistency": consistency.RULES,
        "timeliness": timeliness.rules(as_of),
    }


def _check(rule: Rule, breaches: dict[str, pl.Series]) -> pa.Check:
    # Nothing is known of the columns of a row that could not be split.
    holds = (
        rule.holds if rule.column == "fault" else pl.col("fault").is_not_null() | rule.holds.fill_null(False)
    )

    def judge(data: PolarsData) -> pl.LazyFrame | bool:
        verdicts = data.lazyframe.select(holds).collect().to_series()
        rows = (~verdicts.fill_null(False)).arg_true()
        if not rows.len():  # told in one word, pandera need not look for it
            return True
        # The rows are noted here and pandera is asked for one: it makes each a row of text.
        breaches[rule.name] = rows
        return verdicts.to_frame().lazy()

    return pa.Check(judge, name=rule.name, error=rule.name, n_failure_cases=1)


@dataclass(frozen=True)
class Contract:
    """The pandera schema for one day, what its rules mean, and the rows that broke each in the frame judged last."""

    schema: pa.DataFrameSchema
    meaning: pl.DataFrame
    breaches: dict[str, pl.Series]

    def failures(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Judge a typed frame; one row a broken rule: row (place in ``frame``), rule, dimension, severity.

        Raises ContractBroken if a rule raises instead of judging, or the frame's types are not the contract's.
        """
        self.breaches.clear()
        try:
            # pandera's own settings could switch it off, and every line would pass.
            with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
                self.schema.validate(frame.select(list(COLUMNS)), lazy=True)
        except SchemaErrors as error:
            raised = error.failure_cases.filter(~pl.col("check").is_in(list(self.breaches)))
            if raised.height:
                raise _broken(*raised.select("check", "failure_case").row(0)) from error
        except pl.exceptions.PanicException as error:
            raise _broken("(unknown)", error) from error
        rule = pl.Enum(self.meaning.get_column("rule"))
        found = [
            pl.DataFrame({"row": rows, "rule": pl.repeat(name, rows.len(), dtype=rule, eager=True)})
            for name, rows in self.breaches.items()
        ]
        none = pl.DataFrame(schema={"row": pl.UInt32, "rule": rule})
        meaning = self.meaning.with_columns(pl.col("rule").cast(rule))
        return pl.concat([none, *found]).join(meaning, on="rule", how="left", maintain_order="left")


def _broken(rule: str, what: object) -> ContractBroken:
    return ContractBroken(
        f"The rule {rule} did not judge but failed ({what}). Nothing it should have judged was loaded. "
        "Mend the rule in tasks/validate/rules, then run again.",
        rule=rule,
    )


def contract(as_of: date) -> Contract:
    """Assemble the contract for a run on the local day ``as_of``."""
    by_dimension = rules(as_of)
    every = [(dimension, rule) for dimension, some in by_dimension.items() for rule in some]
    breaches: dict[str, pl.Series] = {}
    columns = {
        name: pa.Column(
            kind, nullable=True, checks=[_check(rule, breaches) for _, rule in every if rule.column == name]
        )
        for name, kind in COLUMNS.items()
    }
    meaning = pl.DataFrame(
        [(rule.name, dimension, rule.severity) for dimension, rule in every],
        schema={"rule": pl.String, "dimension": pl.String, "severity": pl.String},
        orient="row",
    )
    return Contract(pa.DataFrameSchema(columns, strict=True), meaning, breaches)
