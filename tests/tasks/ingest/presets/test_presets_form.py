"""Presets are whole mappings, and docs/presets.md is what they say."""

from __future__ import annotations

import importlib.util
import tomllib
from datetime import date
from pathlib import Path

import pytest

from tasks.errors import SettingsError
from tasks.ingest.mapping.asked import asked_mapping
from tasks.ingest.mapping.content import content_hash, kept_content
from tasks.ingest.mapping.load import load_mapping, mapping_of
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.presets import ONLINE_RETAIL, exports_without_lines, preset, preset_of, preset_text, presets
from tasks.ingest.presets.own import as_own_mapping
from tests.support.presets import sample

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("one", presets(), ids=lambda one: one.name)
def test_a_preset_says_where_it_is_from(one: ColumnMapping) -> None:
    content = one.content
    assert one.title
    assert one.signature.required
    assert one.signature.own
    assert content["status"] in {"confirmed", "readers", "likely"}
    assert content["source"].strip()
    assert date.fromisoformat(content["seen"])
    assert sample(content["sample"]).is_file()
    # Its optional columns need not be in a file: those that it reads are all in its signature.
    known = {name for group in one.signature.required for name in group} | {*one.signature.optional}
    read = {name for names in one.line.columns.values() for name in names}
    read |= {name for measure in one.line.measures.values() for name in measure.columns}
    read |= {name for names in one.order.values() for name in names} | {
        *one.fill.columns,
        *one.persons.columns,
    }
    assert read <= known


def test_names_and_unknown_ones() -> None:
    assert preset("online_retail") is ONLINE_RETAIL
    assert len({export.name for export in exports_without_lines()}) == len(exports_without_lines())
    with pytest.raises(SettingsError, match="'shopify' is none that ships. Did you mean shopify_orders"):
        preset("shopify")


def test_online_retail_says_its_letters_and_what_is_no_merchandise() -> None:
    letters = ONLINE_RETAIL.invoice_letters
    assert (letters.cancellation, letters.adjustment) == ("C", "A")
    assert {"POST", "M", "GIFT_0001_10"} < ONLINE_RETAIL.not_merchandise
    assert "DCGS0003" not in ONLINE_RETAIL.not_merchandise


def test_a_preset_as_the_start_of_ones_own() -> None:
    text = as_own_mapping("shopify_orders", "My orders.csv")
    own = load_mapping(text)
    assert own.name == "my_orders"
    assert preset_of(own.content) is None
    assert text.count("#") >= preset_text("shopify_orders").count("#")
    same_name = load_mapping(as_own_mapping("shopify_orders", "shopify_orders.csv"))
    assert same_name.name == "my_shopify_orders"
    assert content_hash({**own.content, "name": "shopify_orders"}) == content_hash(
        preset("shopify_orders").content
    )


def test_a_preset_with_columns_of_ones_own_is_no_preset_any_more() -> None:
    kept = asked_mapping("", {}, {}, "shopify_orders")
    assert preset_of(kept_content(kept)) is preset("shopify_orders")
    changed = kept_content(asked_mapping("", {"Vendor": "Description"}, {}, "shopify_orders"))
    assert preset_of(changed) is None
    assert mapping_of(changed).line.columns["description"] == ("Vendor",)
    with pytest.raises(SettingsError, match="Name either --mapping or --preset"):
        asked_mapping("mine.toml", {}, {}, "shopify_orders")


def test_the_presets_are_in_the_wheel() -> None:
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert "*.toml" in shipped["tasks.ingest.presets"]


def test_the_document_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("make_presets", ROOT / "docs/make_presets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs/presets.md").read_text() == module.text(), "run python docs/make_presets.py"
