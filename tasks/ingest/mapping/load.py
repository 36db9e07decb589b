"""Load a mapping from its TOML file, or from the content that a feed keeps."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks.ingest.header import our_column
from tasks.ingest.mapping.check import check_form, mapping_error, nearest
from tasks.ingest.mapping.content import kept_content
from tasks.ingest.mapping.form import LINE_KEYS, NEEDED, table_of
from tasks.ingest.mapping.model import (
    ColumnMapping,
    Fill,
    LineForm,
    Notation,
    Rows,
    Signature,
)
from tasks.ingest.mapping.sections import (
    checks,
    codes,
    invoice_letters,
    kind_rules,
    measures,
    persons,
    texts_of,
    words_of,
)
from tasks.ingest.mapping.time_form import time_form
from tasks.ingest.reading import ReadingSettings
from tasks.ingest.schema import ALL_HEADERS, COLUMNS

_NAME = re.compile("[a-z0-9_]{1,60}")
_FILE_BYTES = 256 * 1024
_HEADER_WITHIN = 20


def load_mapping(source: Path | str) -> ColumnMapping:
    """Load a mapping.

    Args:
        source: Path of its TOML file, or the TOML itself.

    Raises:
        SettingsError: It cannot be read, a key is unknown or not supported yet, or a value makes no sense.
    """
    text = source if isinstance(source, str) else _read(source)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise mapping_error(f"it is not TOML ({error}).") from None
    except RecursionError:
        raise mapping_error("it is nested too deeply.") from None
    return mapping_of(content)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        problem, step = f"{str(path)!r} cannot be read ({error.strerror}).", "Name a file that you can read."
        raise mapping_error(problem, step) from None
    except UnicodeDecodeError:
        raise mapping_error(f"{str(path)!r} is not UTF-8.") from None
    if len(data) > _FILE_BYTES:
        raise mapping_error(f"{str(path)!r} has more than {_FILE_BYTES // 1024} KB.")
    return text


@lru_cache(maxsize=16)
def kept_mapping(text: str) -> ColumnMapping:
    """Load the mapping that a feed keeps; raises like ``load_mapping``."""
    return mapping_of(kept_content(text))


def mapping_of_reading(reading: ReadingSettings) -> ColumnMapping | None:
    """Return the mapping by which the deliveries of a feed are read, or None."""
    return None if reading.mapping is None else kept_mapping(reading.mapping)


def mapping_of(content: Mapping[str, Any]) -> ColumnMapping:
    """Check the content of a form and build its mapping; raises like ``load_mapping``."""
    check_form(content)
    if content.get("schema") != 1:
        raise mapping_error(
            "schema is not 1, the only version of the form there is.", "Begin with schema = 1."
        )
    name = content.get("name", "")
    if not _NAME.fullmatch(name):
        raise mapping_error(
            f"{name!r} is no name of a mapping.", 'Use lower-case letters, digits and _, as name = "my_shop".'
        )
    return ColumnMapping(
        name=name,
        content=content,
        line=_line(content),
        notation=_notation(table_of(content, "read")),
        fill=_fill(table_of(content, "fill")),
        rows=_rows(table_of(content, "rows")),
        words=words_of(table_of(content, "words")),
        signature=signature_of(table_of(content, "signature")),
        title=content.get("title", ""),
        kinds=kind_rules(content.get("kind", ())),
        order={key: texts_of(value) for key, value in table_of(content, "order").items()},
        parent=_parent(content),
        persons=persons(table_of(content, "persons")),
        kept_columns=texts_of(table_of(content, "attributes").get("columns")),
        checks=checks(content.get("check", ())),
        not_merchandise=codes(table_of(content, "merchandise").get("not_codes")),
        invoice_letters=invoice_letters(table_of(content, "invoice_types")),
        ask=dict(table_of(content, "ask")),
    )


def signature_of(table: Mapping[str, Any]) -> Signature:
    """Build the signature of a preset from its table."""
    return Signature(
        tuple(texts_of(group) for group in table.get("required", ())),
        *(texts_of(table.get(key)) for key in ("own", "forbidden", "known")),
    )


def _notation(table: Mapping[str, Any]) -> Notation:
    within = table.get("header_within", 1)
    if within > _HEADER_WITHIN:
        raise mapping_error(f"read.header_within: {within} is more than {_HEADER_WITHIN}.")
    footer = texts_of(table.get("footer"))
    if not all(text.strip() for text in footer):
        raise mapping_error("read.footer: a text is empty.")
    missing = tuple(word.strip() for word in texts_of(table.get("missing")))
    return Notation(table.get("decimal"), missing, within, footer)


def _fill(table: Mapping[str, Any]) -> Fill:
    if table.get("columns") and not table.get("key"):
        raise mapping_error("[fill] has no key.", "Name the columns that tell the invoice.")
    fill = Fill(texts_of(table.get("key")), texts_of(table.get("columns")))
    if 0 < len(set(fill.key) & set(fill.columns)) < len(set(fill.key)):
        raise mapping_error(
            "[fill] some columns of the key are filled down, others not.", "Fill all or none."
        )
    return fill


def _rows(table: Mapping[str, Any]) -> Rows:
    rows = Rows(*(words_of(table.get(key, {})) for key in ("lines", "none", "parents")))
    for words in (rows.none, rows.parents):
        for column in rows.lines.keys() & words.keys():
            if both := set(rows.lines[column]) & set(words[column]):
                raise mapping_error(f"[rows] {min(both)!r} of {column!r} is both a line and none.")
    return rows


def _parent(content: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    table = table_of(content, "parent")
    has_parents = bool(table_of(content, "rows").get("parents"))
    if table and not has_parents:
        raise mapping_error("[parent] needs parents in [rows].", "Tell by which words a row is one.")
    if has_parents and not table_of(content, "fill").get("key"):
        raise mapping_error(
            "rows.parents needs the key of [fill].", "Name the columns that tell the invoice."
        )
    for key in table:
        if key in table_of(content, "line"):
            raise mapping_error(f"{key} is told by both [line] and [parent].", "Leave out one of them.")
    return {"customer_id" if key == "customer" else key: texts_of(value) for key, value in table.items()}


def _line(content: Mapping[str, Any]) -> LineForm:
    line, amount = table_of(content, "line"), table_of(content, "line.amount")
    columns = {
        ours: texts_of(value)
        for ours, (section, key) in LINE_KEYS.items()
        if (value := table_of(content, section).get(key))
    }
    constants = _constants(content)
    if both := sorted(columns.keys() & constants.keys()):
        raise mapping_error(
            f"{ALL_HEADERS[both[0]][0]} has both a column and a constant.", "Leave out one of them."
        )
    form = LineForm(
        columns,
        constants,
        line.get("code_else"),
        str(line["quantity_else"]) if "quantity_else" in line else None,
        time_form(table_of(content, "line.time")),
        tuple(mark.strip() for mark in texts_of(amount.get("marks"))),
        line.get("usual_names", False),
        measures(table_of(content, "line.measures")),
        amount.get("stage"),
        amount.get("tax"),
        line.get("equal_lines"),
        line.get("negative_is", "return"),
    )
    if form.amount_is_line and "unit_price" in {*columns, *constants}:
        raise mapping_error(
            "[line.amount] has both the amount of the line and the price of a piece.", "Name one of them."
        )
    if form.stage == "after_discount" and "discount" in form.measures:
        raise mapping_error(
            "[line.measures] has a discount beside an amount after discounts: net sales would take it off twice.",
            "Name the amount before discounts; or leave the discount out, and it is kept as an attribute.",
        )
    if not columns and (not form.usual_names or constants.keys() >= {*COLUMNS}):
        raise mapping_error("it names no column of the file.", "Name those that differ from line to line.")
    if not all(form.marks):
        raise mapping_error("line.amount.marks: a mark is empty.")
    if not form.usual_names:
        _check_complete(form)
    return form


def _check_complete(form: LineForm) -> None:
    told = {*form.columns, *form.constants}
    told |= ({"stock_code"} if form.code_else else set()) | ({"unit_price"} if form.amount_is_line else set())
    for ours in NEEDED:
        if ours not in told:
            section, key = LINE_KEYS[ours]
            raise mapping_error(
                f"[{section}] has {'neither piece nor line' if ours == 'unit_price' else f'no {key}'}.",
                f"Name the column of the {ALL_HEADERS[ours][0]}, or set usual_names = true in [line].",
            )


def _constants(content: Mapping[str, Any]) -> dict[str, str]:
    line = table_of(content, "line")
    constants: dict[str, str] = {}
    if "quantity_is" in line:
        constants["quantity"] = str(line["quantity_is"])
    if "country_is" in line:
        constants["country"] = line["country_is"]
    for name, text in table_of(content, "constant").items():
        ours = our_column(name)
        if ours is None:
            known = [names[0] for names in ALL_HEADERS.values()]
            raise mapping_error(f"[constant] {name!r} is no column of a line.{nearest(name, known)}")
        if ours in constants:
            raise mapping_error(f"[constant] {name} is told twice.", "Leave out one of them.")
        constants[ours] = text
    return constants
