"""Each header gets exactly the preset that reads it, or none: by whole names, never by what is similar."""

from __future__ import annotations

import random

import pytest

from tasks.ingest.header import fold_name
from tasks.ingest.presets import exports_without_lines, presets
from tasks.ingest.presets.ranking import export_without_lines, near_misses, rank_presets
from tests.support.export_headers import SHOPIFY, WITH_PRESET, WITHOUT_LINES, WITHOUT_PRESET


def _candidates(header: str) -> list[str]:
    return [fit.preset.name for fit in rank_presets(header.split(",")) if fit.is_candidate]


def _without_lines(header: str) -> str | None:
    export = export_without_lines(header.split(","))
    return export.name if export else None


@pytest.mark.parametrize(("header", "name"), WITH_PRESET.values(), ids=WITH_PRESET)
def test_a_header_has_its_preset(header: str, name: str) -> None:
    assert _candidates(header) == [name]
    assert _without_lines(header) is None
    # Neither order nor case, blanks or underscores decide.
    names = [f" {column.upper().replace(' ', '_')} " for column in reversed(header.split(","))]
    assert _candidates(",".join(names)) == [name]


@pytest.mark.parametrize(("header", "name"), WITHOUT_LINES.values(), ids=WITHOUT_LINES)
def test_an_export_without_lines_is_known_as_that(header: str, name: str) -> None:
    assert _candidates(header) == []
    assert _without_lines(header) == name


@pytest.mark.parametrize("header", WITHOUT_PRESET.values(), ids=WITHOUT_PRESET)
def test_other_headers_have_none(header: str) -> None:
    assert _candidates(header) == []
    assert _without_lines(header) is None


def test_all_presets_and_exports_have_a_header_here() -> None:
    assert {name for _, name in WITH_PRESET.values()} == {preset.name for preset in presets()}
    known = {export.name for export in exports_without_lines()} - {"shopify_transactions"}
    assert {name for _, name in WITHOUT_LINES.values()} == known


def test_a_similar_name_is_none() -> None:
    assert _candidates(SHOPIFY.replace("Lineitem price", "Lineitem prices")) == []
    (first, *_) = near_misses(rank_presets(SHOPIFY.replace("Lineitem price", "Lineitem prices").split(",")))
    assert (first.preset.name, first.missing) == ("shopify_orders", ("Lineitem price",))
    assert "Lineitem prices" in first.unknown
    assert near_misses(rank_presets(["Id", "Text", "Amount"])) == []


def test_half_of_the_optional_columns_and_foreign_ones() -> None:
    """Files differ by age and country: which of the optional columns they have decides nothing."""
    foreign = sorted({name for header in WITHOUT_PRESET.values() for name in header.split(",")})
    choice = random.Random(30)
    for header, name in WITH_PRESET.values():
        signature = next(preset for preset in presets() if preset.name == name).signature
        needed = {fold_name(column) for group in signature.required for column in group}
        others = [
            column for column in foreign if fold_name(column) not in map(fold_name, signature.forbidden)
        ]
        for _ in range(30):
            kept = [
                column for column in header.split(",") if fold_name(column) in needed or choice.random() < 0.5
            ]
            added = choice.sample(others, 5)
            assert _candidates(",".join([*kept, *added])) == [name], added
