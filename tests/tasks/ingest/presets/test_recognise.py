"""A preset is taken by its header and proved on the first rows."""

from __future__ import annotations

import copy
import gzip
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import UnknownHeader
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import Delivery, discover
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import mapping_of
from tasks.ingest.presets import preset, presets
from tasks.ingest.presets.recognise import chosen_preset, recognise
from tasks.ingest.reading import DEFAULT_READING, ReadingSettings
from tests.support.deliveries import HEADER, LINE, NAMES, ROW, write
from tests.support.presets import SAMPLES, sample


def _delivery(path: Path) -> Delivery:
    (delivery,) = discover([str(path)]).deliveries
    return delivery


def _failed(path: Path, reading: ReadingSettings = DEFAULT_READING) -> UnknownHeader:
    (error,) = ingest([_delivery(path)], {}, path.parent / "workspace", reading=reading).failed
    assert isinstance(error, UnknownHeader)
    return error


@pytest.mark.parametrize(("file", "name", "rows"), SAMPLES)
def test_samples_are_recognised_and_proved(file: str, name: str, rows: int) -> None:
    found = recognise(_delivery(sample(file)))
    assert found.chosen is preset(name)
    proof = found.proofs[name]
    assert (proof.rows, proof.problems, proof.sums) == (rows, (), ())


def test_the_header_behind_a_preamble_with_semicolons_and_packed(tmp_path: Path) -> None:
    text = sample("shopify_orders.csv").read_text().replace(";", " ").replace(",", ";")
    path = write(tmp_path / "orders.csv.gz", gzip.compress(b"Orders of March\n;;;\n" + text.encode()))
    found = recognise(_delivery(path))
    assert (found.first.header_row, found.first.delimiter) == (3, ";")
    assert found.chosen is preset("shopify_orders")


def test_a_file_saved_again_without_its_offsets_is_not_taken(tmp_path: Path) -> None:
    text = sample("shopify_orders.csv").read_text().replace(" -0500", "").replace(" -0400", "")
    path = write(tmp_path / "orders.csv", text)
    assert recognise(_delivery(path)).chosen is None
    error = _failed(path)
    assert "none of 8 times is read: they look like '2026-03-07 23:40:00'" in error.what
    assert f"retail map {path} --preset shopify_orders > my.toml" in error.next_step


def test_words_that_a_preset_does_not_know(tmp_path: Path) -> None:
    text = sample("square.csv").read_text()
    other_language = write(tmp_path / "items.csv", text.replace(",Payment,", ",Zahlung,"))
    assert "has a word that the mapping does not know: Zahlung" in _failed(other_language).what
    # One such row of ten is set aside when it is loaded.
    one = write(tmp_path / "one.csv", text.replace(",Refund,", ",Exchange,"))
    assert recognise(_delivery(one)).chosen is preset("square_items")


def test_sums_that_do_not_hold(tmp_path: Path) -> None:
    text = sample("shopify.csv").read_text()
    # Two orders whose Subtotal is another's: the load refuses the delivery, or takes it with --accept-sums.
    wrong = text.replace(",USD,16.00,4.00", ",USD,17.00,4.00").replace(",USD,15.00,4.00", ",USD,14.00,4.00")
    found = recognise(_delivery(write(tmp_path / "orders.csv", wrong)))
    assert found.chosen is preset("shopify_orders")
    (sums,) = found.proofs["shopify_orders"].sums
    assert "#2009: 16 by its lines, 17 by the file" in sums


def test_where_sums_hold_for_one_preset_alone_it_is_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price of a piece or the amount of the line: only sums tell them apart."""
    shopify = preset("shopify_orders")
    content = copy.deepcopy(dict(shopify.content)) | {"name": "shopify_lines"}
    content["line"]["amount"]["line"] = content["line"]["amount"].pop("piece")
    both = (*presets(), mapping_of(content))
    monkeypatch.setattr("tasks.ingest.presets.ranking.presets", lambda: both)
    found = recognise(_delivery(write(tmp_path / "orders.csv", sample("shopify_orders.csv").read_text())))
    assert [fit.preset.name for fit in found.candidates] == ["shopify_orders", "shopify_lines"]
    assert found.proofs["shopify_lines"].sums
    assert found.chosen is shopify


def test_two_presets_that_pass_are_both_shown_and_none_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    square = preset("square_items")
    signature = replace(square.signature, own=("Token",), known=())
    content = {**square.content, "name": "square_twin"}
    both = (*presets(), replace(square, name="square_twin", content=content, signature=signature))
    monkeypatch.setattr("tasks.ingest.presets.ranking.presets", lambda: both)
    path = write(tmp_path / "items.csv", sample("square.csv").read_text())
    assert recognise(_delivery(path)).chosen is None
    assert chosen_preset([_delivery(path)], DEFAULT_READING) is None
    error = _failed(path)
    assert "its header is that of 2 presets" in error.what
    assert "square_twin alone knows 'Token'" in error.what
    assert "--preset square_items --currency CURRENCY" in error.next_step
    assert "--preset square_twin --currency CURRENCY" in error.next_step


def test_a_file_of_the_usual_names_is_read_as_before(tmp_path: Path) -> None:
    usual = write(tmp_path / "b.csv", f"{HEADER}\n{LINE}\n")
    shopify = write(tmp_path / "a.csv", sample("shopify.csv").read_text())
    assert chosen_preset([_delivery(usual)], DEFAULT_READING) is None
    assert chosen_preset([_delivery(shopify), _delivery(usual)], DEFAULT_READING) is None
    typed = tmp_path / "c.parquet"
    pl.DataFrame([ROW], NAMES, orient="row").write_parquet(typed)
    assert chosen_preset([_delivery(shopify), _delivery(typed)], DEFAULT_READING) is None
    error = _failed(shopify)
    assert "its feed is read by the usual names" in error.what
    assert error.next_step.endswith(f"retail etl {shopify} --feed shopify_orders")


def test_the_first_that_is_recognised_counts_and_another_system_is_another_feed(tmp_path: Path) -> None:
    words = write(tmp_path / "a.csv", "Id,Text,More,Words,Here\n1,2,3,4,5\n")
    shopify = write(tmp_path / "b.csv", sample("shopify.csv").read_text())
    square = write(tmp_path / "c.csv", sample("square.csv").read_text())
    found = chosen_preset(list(map(_delivery, (words, shopify, square))), DEFAULT_READING)
    assert found is not None
    assert found[0] is preset("shopify_orders")
    error = _failed(square, ReadingSettings(mapping=kept_text(found[0].content), decimal="."))
    assert "preset square_items" in error.what
    assert "read by its mapping shopify_orders" in error.what
    assert error.next_step.endswith("--feed square_items --currency CURRENCY")


def test_an_export_without_lines_is_answered_with_the_one_to_take(tmp_path: Path) -> None:
    path = write(
        tmp_path / "orders.csv",
        "Date,Order #,Status,Customer,Product(s),Items Sold,Coupon(s),N. Revenue\n2026-03-01,1,completed,A,2x Mug,2,,8\n",
    )
    error = _failed(path)
    assert "holds no whole sales lines (WooCommerce: analytics, orders)" in error.what
    assert "Advanced Order Export" in error.next_step


def test_near_misses_name_what_is_lacking(tmp_path: Path) -> None:
    text = sample("shopify.csv").read_text().replace("Lineitem price", "Item price", 1)
    error = _failed(write(tmp_path / "orders.csv", text))
    assert "unknown header. Found: 'Name'" in error.what
    assert "Nearest presets: shopify_orders (lacks 'Lineitem price')" in error.what
    assert "retail map" in error.next_step
