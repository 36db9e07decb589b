#!/usr/bin/env bash
# deltalake.write_deltalake: floating-point quantities appended to a table whose column is an integer.
#
# Guess, written down only after a first run had shown it by chance: the append is refused, as Delta Lake enforces the
# schema of a table, and as deltalake refuses a Decimal of another scale.
#
# Seen with deltalake 1.6.6: the values are cast to the column's type and cut off towards zero without a word; 0.75 kg
# becomes 0, -0.5 becomes 0 and 2.9 becomes 2. The commit succeeds and the number of rows is right. A Decimal of more
# decimals than the column is refused with SchemaMismatchError, so a test with money gives false comfort.
# schema_mode="merge" does not help: it cuts the values in the same way.
#
# Do instead: compare the schemas before the append, or cast with pyarrow's safe cast, which raises.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet deltalake==1.6.6 pyarrow==26.0.1

FOLDER=$folder "$folder/venv/bin/python" - <<'PYTHON'
import os
from decimal import Decimal

import deltalake
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import SchemaMismatchError

WEIGHED = [0.75, -0.5, 2.9, 12.0]


def appended(first, later, **options):
    """The rows of a new table after two writes of the column ``quantity``."""
    path = f"{os.environ['FOLDER']}/{os.urandom(4).hex()}"
    write_deltalake(path, pa.table({"quantity": first}))
    write_deltalake(path, pa.table({"quantity": later}), mode="append", **options)
    return DeltaTable(path).to_pyarrow_table()["quantity"]


whole = pa.array([1], pa.int64())
plain = appended(whole, pa.array(WEIGHED, pa.float64()))
merged = appended(whole, pa.array(WEIGHED, pa.float64()), schema_mode="merge")
cents, finer = pa.array([Decimal("1.10")]), pa.array([Decimal("1.1055")])
try:
    appended(cents, finer)
    refused = ""
except SchemaMismatchError as error:
    refused = str(error)
try:
    pa.array(WEIGHED).cast(pa.int64())
    unsafe = ""
except pa.ArrowInvalid as error:
    unsafe = str(error)

print("deltalake", deltalake.__version__, "pyarrow", pa.__version__)
print("expected: an error, since", WEIGHED, "are no integers")
print("appended:", plain.type, sorted(plain.to_pylist()), "with schema_mode='merge':", sorted(merged.to_pylist()))
print("a finer Decimal:", refused)
print("pyarrow's own cast:", unsafe)
print("consequence: the first delivery with goods sold by weight is stored with its quantities cut to whole pieces")

assert plain.type == pa.int64() and sorted(plain.to_pylist()) == [0, 0, 1, 2, 12], "an append behaves differently"
assert sorted(merged.to_pylist()) == [0, 0, 1, 2, 12], "schema_mode='merge' behaves differently now"
assert refused, "a finer Decimal is not refused any more"
assert "truncated" in unsafe, "pyarrow's cast behaves differently now"
print("as found")
PYTHON
