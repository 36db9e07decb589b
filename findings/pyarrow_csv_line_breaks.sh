#!/usr/bin/env bash
# pyarrow.csv: a valid file whose quoted fields hold line breaks, read with an invalid_row_handler.
#
# Guess, written down before the run: newlines_in_values=False (the default) makes every row with a quoted
# line break invalid, whatever the size of the file, so the first small test with such a row shows it.
#
# Seen with pyarrow 26.0.1: a small file reads right. In a file larger than block_size (1 MiB) the reader cuts
# blocks at any line break, also inside quotes. Of the row at the cut, the first line is lost without a word,
# the second becomes a row that the file does not hold, and the handler gets only the third. The number of
# rows is still right.
#
# Do instead: newlines_in_values=True, and a test file larger than block_size.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1

"$folder/venv/bin/python" - <<'PYTHON'
import csv
import io

import pyarrow
from pyarrow import csv as arrow_csv

VALID = ("1", "line one\n10,Downing Street,London\nline three", "UK")


def read(rows, newlines_in_values=False):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("id", "address", "country"), *[VALID] * rows])
    text.seek(0)
    assert list(csv.reader(text))[1:] == [list(VALID)] * rows  # the file is valid
    broken = []

    def handler(row):
        broken.append(row.text)
        return "skip"

    table = arrow_csv.read_csv(
        io.BytesIO(text.getvalue().encode()),
        parse_options=arrow_csv.ParseOptions(
            newlines_in_values=newlines_in_values, invalid_row_handler=handler
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(("id", "address", "country"), pyarrow.string())
        ),
    )
    found = [tuple(row.values()) for row in table.to_pylist()]
    return found, broken


small, broken_in_small = read(1_000)
large, broken_in_large = read(30_000)
allowed, broken_if_allowed = read(30_000, newlines_in_values=True)
invented = [row for row in large if row != VALID]
print("pyarrow", pyarrow.__version__)
print("1,000 rows:", len(small), "rows read,", len(broken_in_small), "to the handler")
print("30,000 rows:", len(large), "rows read, invented:", invented, "to the handler:", broken_in_large)
print("30,000 rows, newlines_in_values=True:", len(allowed), "rows read")

assert small == [VALID] * 1_000 and not broken_in_small, "a small file reads differently now"
assert len(large) == 30_000, "the number of rows of a large file is different now"
assert invented == [("10", "Downing Street", "London")], "no row is invented any more"
assert broken_in_large == ['line three",UK'], "the handler gets other text now"
assert allowed == [VALID] * 30_000 and not broken_if_allowed, "newlines_in_values=True reads differently now"
print("as found")
PYTHON
