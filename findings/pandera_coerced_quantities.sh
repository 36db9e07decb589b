#!/usr/bin/env bash
# pandera: coerce=True on a column of integers, and a delivery with fractions in it.
#
# Guess, written down before the run: 0.75 is no integer, so coercion fails for it and the line is named, as pydantic
# does; the checks see what was delivered.
#
# Seen with pandera 0.35.0 on polars 2.1.0 and on pandas 3.1.1: the values are cut off towards zero, then the checks run
# on what is left. 0.75 kg becomes 0, and -0.5 becomes 0 and passes "not negative". No failure case, also with lazy=True.
# With a Decimal(18, 2) on polars 1.005 becomes 1.00 and 3.999 becomes 4.00 in the same way.
#
# Do instead: no coerce; check the delivered values first (multiple_of 1, the pattern of the text), cast afterwards.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pandera[polars,pandas]==0.35.0" polars==2.1.0 pandas==3.1.1

"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

import pandas as pd
import pandera
import pandera.pandas as for_pandas
import pandera.polars as for_polars
import polars as pl

DELIVERED = {"quantity": [1.0, 0.75, 2.9, -0.5]}


def validated(library, frame):
    """What a schema of whole, not negative quantities lets through, and its failure cases."""
    column = library.Column(int, library.Check.ge(0), coerce=True)
    try:
        passed = library.DataFrameSchema({"quantity": column}).validate(frame, lazy=True)
    except library.errors.SchemaErrors as error:
        return None, len(error.failure_cases)
    return list(passed["quantity"]), 0


on_polars = validated(for_polars, pl.DataFrame(DELIVERED))
on_pandas = validated(for_pandas, pd.DataFrame(DELIVERED))
money = for_polars.DataFrameSchema({"price": for_polars.Column(pl.Decimal(18, 2), coerce=True)})
prices = money.validate(pl.DataFrame({"price": ["1.005", "3.999"]}))["price"].to_list()
print("pandera", pandera.__version__, "polars", pl.__version__, "pandas", pd.__version__)
print("expected: three lines refused of", DELIVERED["quantity"])
print("polars:", on_polars[0], "failures:", on_polars[1])
print("pandas:", on_pandas[0], "failures:", on_pandas[1])
print("prices of 1.005 and 3.999:", *prices)
print("consequence: the step that should find bad quantities changes them instead, and its report says all is well")

assert on_polars == on_pandas == ([1, 0, 2, 0], 0), "coercion behaves differently now"
assert prices == [Decimal("1.00"), Decimal("4.00")], "coercion of prices behaves differently now"
print("as found")
PYTHON
