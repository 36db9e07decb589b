"""The form of a mapping is closed: each key and word is checked, and nothing is passed over."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from tasks.errors import SettingsError
from tasks.ingest.mapping.check import check_form
from tasks.ingest.mapping.content import content_hash, kept_text, reading_settings
from tasks.ingest.mapping.form import FORM, LATER, UNDECIDING, Key
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.schema import HEADERS
from tests.support.till_export import TOML

DOCS = Path(__file__).parents[3] / "docs"
FULL = (Path(__file__).parent / "mapping" / "full.toml").read_text()


def _changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    content = tomllib.loads(FULL)
    change(content)
    return content


def _is_accepted(content: dict[str, Any]) -> bool:
    try:
        check_form(content)
    except SettingsError:
        return False
    return True


def _make_schema() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_mapping_schema", DOCS / "make_mapping_schema.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _wrong_values() -> list[dict[str, Any]]:
    """The full form, each with one value of a wrong kind, one unknown key, or one key that comes later."""
    forms = []
    for section, keys in FORM.items():
        names = [None] if isinstance(keys, Key) else [*keys, "unknown", *LATER.get(section, ())]
        for name in names:
            content = tomllib.loads(FULL)
            table: Any = content
            *parts, last = [*section.split("."), name] if name else section.split(".")
            for part in filter(None, parts):
                table = table.setdefault(part, {})
                table = table[0] if isinstance(table, list) else table
            table[last] = [1.5]
            forms.append(content)
    return forms


def test_the_schema_in_the_documents_is_that_of_the_form() -> None:
    assert (DOCS / "mapping.schema.json").read_text() == _make_schema().text()


def test_the_schema_and_the_check_agree() -> None:
    schema = json.loads((DOCS / "mapping.schema.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    for form in (tomllib.loads(FULL), tomllib.loads(TOML)):
        assert _is_accepted(form)
        assert validator.is_valid(form), list(validator.iter_errors(form))
    wrong = _wrong_values()
    assert len(wrong) > 60
    for form in wrong:
        assert not _is_accepted(form), form
        assert not validator.is_valid(form), form


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'quantity = "Pieces"',
            'quantitty = "Pieces"',
            "[line] 'quantitty' is no key of a mapping. Did you mean quantity?",
        ),
        ("[rows]", "[row]", "'row' is no key of a mapping. Did you mean rows?"),
        ('decimal = ","', 'decimal = ";"', "read.decimal: ';' is none of ., ,."),
        ('decimal = ","', "decimal = 1", "read.decimal is not a text."),
        ("[rows]", '[join]\nfile = "x"\n[rows]', "join is not supported yet."),
        ("[rows]", '[parent]\nstore = "Land"\n[rows]', "[parent] needs parents in [rows]."),
        (
            "[rows]",
            '[parent]\ncustomer = "Client"\n[rows]\nparents = { Kind = ["sum"] }',
            "customer is told by both [line] and [parent].",
        ),
        ("[rows]", "[kind]\n[rows]", "[[kind]] is no list of sections."),
        ("[rows]", '[[kind]]\nkind = "void"\n[rows]', "[[kind]] needs kind, and when or filled."),
        (
            "[rows]",
            '[[kind]]\nkind = "voided"\nwhen = { Kind = ["x"] }\n[rows]',
            "kind.kind: 'voided' is none of sale, return, discount",
        ),
        (
            "[rows]",
            '[line.measures]\ntax = { sign = "negative" }\n[rows]',
            "line.measures.tax needs one of column and sum.",
        ),
        (
            "[line.amount]",
            '[line.measures]\ndiscount = { column = "Off" }\n[line.amount]\nstage = "after_discount"',
            "net sales would take it off twice.",
        ),
        (
            "[rows]",
            '[order]\nrefnud = "Price"\n[rows]',
            "[order] 'refnud' is no key of a mapping. Did you mean refund?",
        ),
        (
            "[rows]",
            '[invoice_types]\ncancellation = "7"\n[rows]',
            "invoice_types.cancellation: '7' is no letter.",
        ),
        (
            "[rows]",
            '[invoice_types]\ncancellation = "c"\nadjustment = "C"\n[rows]',
            "cancellation and adjustment have the same letter.",
        ),
        ("[rows]", '[persons]\nexcept = ["Land"]\n[rows]', "[persons] except needs starting."),
        ("[rows]", '[persons]\nstarting = [" "]\n[rows]', "persons.starting: a text is empty"),
        ("[rows]", '[[check]]\nper = "row"\nplus = ["line.amount"]\n[rows]', "[[check]] has no equals."),
        (
            "[rows]",
            '[[check]]\nper = "row"\nplus = ["line.amont"]\nequals = "column:Sum"\n[rows]',
            "[[check]] 'line.amont' is no term. Did you mean line.amount?",
        ),
        (
            "[rows]",
            '[[check]]\nper = "row"\nplus = ["line.amount"]\nequals = "column:Sum"\nwithin = "1 %"\n[rows]',
            "check.within: '1 %' is no number.",
        ),
        (
            'piece = "Price"',
            'piece = "Price"\nline = "Price"',
            "[line.amount] has both the amount of the line and the price of a piece.",
        ),
        ('piece = "Price"', "", "[line.amount] has neither piece nor line."),
        ('quantity = "Pieces"', "", "[line] has no quantity. Name the column of the Quantity"),
        (
            'quantity = "Pieces"',
            'quantity = "Pieces"\nquantity_is = 1',
            "Quantity has both a column and a constant.",
        ),
        ("schema = 1", "schema = 2", "schema is not 1"),
        ('name = "till"', 'name = "My till"', "'My till' is no name of a mapping."),
        ('code_else = "OPEN"', 'code_else = "OPEN', "it is not TOML"),
        ("%H:%M:%S", "%H:%M:%S %Z", "%Z reads letters and passes over them."),
        ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y", "reads no time of the day. Set date_only = true"),
        ("%d.%m.%Y %H:%M:%S", "%d.%m", "is not a date format."),
        ("[line.amount]", 'zone_column = "Zone"\n[line.amount]', "needs both zone_column and zone_names."),
        ("[line.amount]", 'letters = { EST = "-05:00" }\n[line.amount]', "no format ends with %z."),
        ("[line.amount]", 'letters = { EST = "-5" }\n[line.amount]', "EST = '-5' is no offset."),
        ('key = ["Till", "Receipt"]', "", "[fill] has no key."),
        ('columns = ["Date", "Time"', 'columns = ["Till", "Date", "Time"', "[fill] some columns of the key"),
        (
            'none = { Kind = ["card"',
            'none = { Kind = ["item", "card"',
            "'item' of 'Kind' is both a line and none.",
        ),
        ("header_within = 5", "header_within = 50", "read.header_within: 50 is more than 20."),
        ("[rows]", '[constant]\nLand = "x"\n[rows]', "[constant] 'Land' is no column of a line."),
        ("[rows]", '[constant]\nCountry = "x"\n[rows]', "Country has both a column and a constant."),
    ],
)
def test_what_makes_no_sense_is_refused(old: str, new: str, message: str) -> None:
    assert old in TOML
    with pytest.raises(SettingsError) as raised:
        load_mapping(TOML.replace(old, new, 1))
    assert message in str(raised.value)


def test_a_mapping_of_many_brackets() -> None:
    with pytest.raises(SettingsError, match="nested too deeply"):
        load_mapping("name = " + "[" * 100_000)


def test_a_mapping_without_columns() -> None:
    constants = "".join(f'{names[0]} = "1"\n' for names in HEADERS.values())
    for usual in ("true", "false"):
        with pytest.raises(SettingsError, match="it names no column of the file"):
            load_mapping(f'schema = 1\nname = "all"\n[line]\nusual_names = {usual}\n[constant]\n{constants}')


def test_a_mapping_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_mapping(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "\xff"')
    with pytest.raises(SettingsError, match="is not UTF-8"):
        load_mapping(tmp_path / "latin.toml")


def test_only_what_decides_the_reading_is_hashed() -> None:
    content = tomllib.loads(FULL)
    other = _changed(
        lambda form: form.update(title="Other", status="confirmed", source="", seen="", sample="", ask={})
    )
    other["signature"]["own"] = []
    assert content_hash(dict(reversed(other.items()))) == content_hash(content)
    commented = tomllib.loads("# A comment\n" + FULL)
    assert content_hash(commented) == content_hash(content)
    for section in set(content) - {*UNDECIDING, "schema", "name"}:
        changed = copy.deepcopy(content)
        del changed[section]
        assert content_hash(changed) != content_hash(content), section
    assert content_hash(_changed(lambda form: form["line"]["code"].reverse())) != content_hash(content)


def test_the_reading_settings_are_name_and_hash() -> None:
    content = tomllib.loads(FULL)
    expected = {"mapping": "full", "sha256": content_hash(content)}
    assert json.loads(reading_settings(kept_text(content))) == expected


def test_the_reading_settings_of_no_mapping_are_those_of_earlier_deliveries() -> None:
    assert reading_settings(None) == "{}"


def test_the_mapping_in_the_documents_loads() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", (DOCS / "deliveries.md").read_text(), re.DOTALL)
    assert load_mapping(text).name == "till"
