"""Write docs/contract.md from the rules themselves: ``python docs/make_contract.py``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tasks.validate.contract import VERSION, rules
from tasks.validate.score import DEFAULT_THRESHOLD, DIMENSIONS

TARGET = Path(__file__).parent / "contract.md"
# No explanation depends on the day of the run.
_ANY_DAY = date(2020, 1, 1)
_HEAD = f"""# The contract of a line

Written by `python docs/make_contract.py`. Contract version {VERSION}; the version is stored with every delivery and every
quarantined line.

Every line is checked by the rules below (`tasks/validate/rules`, one file a dimension; assembled with pandera in
`tasks/validate/contract.py`). A line that breaks an error rule is quarantined, with its raw text and the rules it
broke, in the workspace and in `retail_ops.quarantine`. Warnings are only counted.

| dimension | rule | severity | holds if |
| --- | --- | --- | --- |
"""
_FOOT = f"""
A row that could not be split into fields is checked by `row_complete` only, one with an unknown word by `word_known` only.
A rule that itself raises stops the batch
with an error that names the rule; it never counts as passed.

## Scores and the gate

A dimension scores 100 x (1 - e - w/2): e is the share of the delivery's lines that break an error rule of it, w the
share that break only warnings. The overall score is the mean of the {len(DIMENSIONS)} dimensions, weighted equally unless
`RETAIL_QUALITY_WEIGHTS` says otherwise.

A delivery is refused as a whole if its overall score, or the percentage of its lines that are not quarantined, is
below the threshold (default {DEFAULT_THRESHOLD:g}, `PIPELINE_QUALITY_THRESHOLD`). Its earlier content stays in the warehouse; the
refusal is in the report and in `retail_ops.delivery_attempt`, and the next run checks the delivery again. Of the 305
bundled days the lowest score is 91.2.
"""


def text() -> str:
    """The document."""
    rows = [
        f"| {'' if place else dimension} | `{rule.name}` | {rule.severity} | {rule.explanation} |\n"
        for dimension, some in rules(_ANY_DAY).items()
        for place, rule in enumerate(some)
    ]
    return _HEAD + "".join(rows) + _FOOT


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
