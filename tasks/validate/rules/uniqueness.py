"""Uniqueness: no line of a delivery occurs twice."""

import polars as pl

from tasks.validate.rules import Rule

RULES = (
    Rule(
        "not_a_copy",
        "copy_number",
        "warning",
        pl.col("copy_number") == 1,
        "no earlier line of the delivery is identical (5,268 bundled lines are copies)",
    ),
)
