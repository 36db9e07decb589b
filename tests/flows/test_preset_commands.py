"""Presets on the command line: found, asked, named, taken anew, and shown by ``retail map``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.presets import preset, preset_text
from tests.flows.conftest import Retail
from tests.support.deliveries import write
from tests.support.export_headers import WITHOUT_LINES
from tests.support.presets import sample


def _words(text: str) -> str:
    return " ".join(text.split())


def test_what_a_file_does_not_tell_is_asked(retail: Retail, tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", sample("woocommerce_orders.csv").read_bytes())
    asked = retail("etl", str(path))
    assert asked.code == 2
    assert "its deliveries (WooCommerce: orders" in _words(asked.err)
    assert "--currency EUR --timezone Europe/Paris" in asked.err
    half = retail("etl", str(path), "--preset", "woocommerce_orders", "--currency", "EUR", "--dry-run")
    assert half.code == 2
    assert "--timezone" in half.err
    assert "--currency EUR" not in half.err
    wrong = retail("etl", str(path), "--preset", "woocommerce")
    assert wrong.code == 2
    assert "'woocommerce' is none that ships. Did you mean woocommerce_orders?" in _words(wrong.err)


@pytest.mark.slow
def test_exports_without_lines_and_several_systems(retail: Retail, tmp_path: Path) -> None:
    header, _ = WITHOUT_LINES["Square transactions"]
    write(tmp_path / "in/a.csv", f"{header}\n{',' * header.count(',')}\n")
    write(tmp_path / "in/b.csv", sample("shopify.csv").read_text())
    write(tmp_path / "in/c.csv", sample("amazon_orders.tsv").read_bytes())
    ended = retail("etl", str(tmp_path / "in"), "--dry-run", "--json")
    assert ended.code == 1
    by_name = {Path(one["name"]).name: one for one in ended.report["deliveries"]}
    assert by_name["a.csv"]["outcome"] == "failed"
    assert (
        "holds no whole sales lines (Square: transactions). Take Item sales detail"
        in by_name["a.csv"]["reason"]
    )
    assert by_name["b.csv"]["outcome"] == "judged"
    assert by_name["c.csv"]["outcome"] == "failed"
    assert "--feed amazon_orders" in by_name["c.csv"]["reason"]
    assert ended.report["feed"]["mapping"].startswith("shopify_orders (")
    assert "Recognised by its header as Shopify" in ended.report["notes"][0]


def test_names_in_another_encoding_are_shown_once_it_is_told(retail: Retail, tmp_path: Path) -> None:
    path = write(tmp_path / "till.csv", "伝票番号,商品コード,数量\n1,4901,2\n".encode("cp932"))
    unread = retail("map", str(path))
    assert "--encoding cp932 (Japanese)" in unread.out
    failed = retail("etl", str(path), "--dry-run")
    assert failed.code == 1
    assert "It is not UTF-8 and was read as Windows-1252" in _words(failed.err)
    shown = retail("map", str(path), "--encoding", "shift-jis")
    assert "商品コード" in shown.out
    assert "Windows-1252" not in shown.out
    assert "--timezone TIMEZONE --encoding shift_jis" in shown.out
    assert retail("map", str(path), "--encoding", "shift").code == 2


def test_map_shows_the_preset_and_copies_it(retail: Retail, tmp_path: Path) -> None:
    path = write(tmp_path / "My orders.csv", sample("shopify.csv").read_text().replace("Vendor", "Brand", 1))
    shown = retail("map", str(path))
    assert shown.code == 0
    assert "proved on the first 18 rows" in shown.out
    assert f"# Load it: retail etl '{path}' --preset shopify_orders" in shown.out
    assert tomllib.loads(shown.out) == {}  # no proposal beside it
    as_json = retail("map", str(path), "--json").report
    assert (as_json["preset"], as_json["mapping"]) == ("shopify_orders", None)
    assert as_json["presets"][0]["unknown"] == ["Brand"]

    copied = retail("map", str(path), "--preset", "shopify_orders")
    own = load_mapping(copied.out)
    assert own.name == "my_orders"
    assert own.line == preset("shopify_orders").line

    other = write(
        tmp_path / "other.csv", sample("shopify.csv").read_text().replace("Lineitem price", "Price", 1)
    )
    near = retail("map", str(other))
    assert "#   shopify_orders (lacks 'Lineitem price')" in near.out
    assert tomllib.loads(near.out)["name"] == "other"
    header, _ = WITHOUT_LINES["Magento"]
    grid = retail("map", str(write(tmp_path / "grid.csv", f"{header}\n{',' * header.count(',')}\n")))
    assert grid.code == 0
    assert "holds no whole sales lines (Magento" in grid.out


@pytest.mark.slow
def test_a_feed_reads_on_by_the_preset_that_it_took(retail: Retail, tmp_path: Path) -> None:
    older = write(tmp_path / "older.toml", preset_text("shopify_orders").replace('decimal = "."\n', ""))
    path = write(tmp_path / "orders.csv", sample("shopify.csv").read_text())
    first = retail("etl", str(path), "--mapping", str(older), "--json")
    assert first.code == 0, first.err
    second = retail("etl", str(path), "--json")
    assert second.code == 0, second.err
    assert second.report["outcomes"] == {"unchanged": 1}
    (note,) = second.report["notes"]
    assert "not by that of this release" in note
    assert "run again with --preset shopify_orders --take-mapping" in note
    third = retail("etl", str(path), "--preset", "shopify_orders", "--take-mapping", "--json")
    assert third.report["outcomes"] == {"replaced": 1}, third.err
    assert third.report["notes"] == []
