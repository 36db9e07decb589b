#!/usr/bin/env bash
# stdnum.gs1_128 (python-stdnum): GS1 text with brackets, as it is printed under a bar code.
#
# Guess, written down before the run: the brackets say where each field begins, so a price of variable length ends at
# the next bracket. The module's own examples use brackets.
#
# Seen with python-stdnum 2.2: the brackets are taken out first, and then a field of variable length runs to its greatest
# length over the fields behind it. A price of 10.99 with a best-before date behind it becomes 1,099,172,611.30, the date
# is missing, a batch number swallows the date in the same way, and is_valid says True. The same fields in another order,
# the variable one last, are right, which is why the examples are. biip reads both.
#
# Do instead: biip.GS1Message.parse_hri, or info() with the scanner's text and its separator character.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet python-stdnum==2.2 biip==5.2.0

"$folder/venv/bin/python" - <<'PYTHON'
from datetime import date
from decimal import Decimal
from importlib.metadata import version

from biip.gs1_messages import GS1Message
from stdnum import gs1_128

PRICE_FIRST = "(01)05000112637922(3922)1099(17)261130"
PRICE_LAST = "(01)05000112637922(17)261130(3922)1099"
BATCH_FIRST = "(01)05000112637922(10)A1(17)261130"
SCANNED = "0105000112637922" + "39221099" + "\x1d" + "17261130"
RIGHT = {"01": "05000112637922", "3922": Decimal("10.99"), "17": date(2026, 11, 30)}


def by_biip(text):
    fields = GS1Message.parse_hri(text).element_strings
    return {field.ai.ai: field.decimal or field.date or field.value for field in fields}


first, last, batch = (gs1_128.info(text) for text in (PRICE_FIRST, PRICE_LAST, BATCH_FIRST))
scanned = gs1_128.info(SCANNED, separator="\x1d")
print("python-stdnum", version("python-stdnum"), "biip", version("biip"))
print("expected: price 10.99 and best before 2026-11-30 in either order")
for text, found in ((PRICE_FIRST, first), (PRICE_LAST, last), (BATCH_FIRST, batch), ("scanned, with separator", scanned)):
    print(f"{text}: price {found.get('3922')}, best before {found.get('17')}, batch {found.get('10')}")
print("valid:", gs1_128.is_valid(PRICE_FIRST), "| biip:", by_biip(PRICE_FIRST)["3922"], by_biip(PRICE_FIRST)["17"])
print("consequence: a label typed in, or read by OCR, gives a price of a thousand million and no date, marked as valid")

assert first == {"01": "05000112637922", "3922": Decimal("1099172611.30")}, "brackets are read differently now"
assert batch == {"01": "05000112637922", "10": "A117261130"}, "a batch is read differently now"
assert gs1_128.is_valid(PRICE_FIRST), "the text is not called valid any more"
assert last == scanned == RIGHT == by_biip(PRICE_FIRST) == by_biip(PRICE_LAST)
print("as found")
PYTHON
