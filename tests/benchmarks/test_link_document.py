"""The section of docs/performance.md about distances: written once, again in the same place, from saved figures."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.link import Counts
from benchmarks.link_command import write_section
from benchmarks.link_document import PICTURE, find_section
from benchmarks.link_results import LinkResults
from benchmarks.link_rounds import LOADERS, Job, Loader, Measurement


def _measurement(loader: Loader, job: Job, seconds: float) -> Measurement:
    return Measurement(loader, job, seconds, Counts(2, 14, 6, 1_500_000, 40_000))


@pytest.fixture
def results() -> LinkResults:
    loads: list[tuple[Loader, Job]] = [(loader, job) for loader in LOADERS for job in ("full", "day")]
    loads.append(("flow", "nothing new"))
    rounds = [
        {
            distance: [
                _measurement(loader, job, (2.0 if loader == "flow" else 4.0) * factor + distance / 100)
                for loader, job in loads
            ]
            for distance in (0, 20, 100)
        }
        for factor in (1, 3, 2)
    ]
    counted = [_measurement(loader, job, 1) for loader, job in loads]
    return LinkResults(rounds, counted, 100, 541_909, 305, {"Processor": "some"}, {"Python": "3"})


def test_saved_figures_are_read_again(results: LinkResults, tmp_path: Path) -> None:
    results.write(tmp_path / "figures.json")
    assert LinkResults.read(tmp_path / "figures.json") == results


def test_figures(results: LinkResults) -> None:
    assert results.seconds("flow", "full", 100).format(".1f") == "5.0 (3.0-7.0)"
    assert results.ratio("full", 0, "flow", "psql").format(".2f") == "0.50 (0.50-0.50)"
    # Within each round: 3 of 5, 7 of 13, 5 of 9.
    assert results.ratio("full", 100, "flow", "psql").format(".2f") == "0.56 (0.54-0.60)"


def test_the_section_keeps_its_place(results: LinkResults, tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Performance\n\nBefore.\n")
    write_section(results, document)
    once = document.read_text()
    assert "| **the flow**, to the analysed star | 4.00 (2.00-6.00) | 4.20 (2.20-6.20) |" in once
    assert "| the full data | `psql \\copy`, flat | 8 + 6 | 2 | 1.50 | 0.04 |" in once
    document.write_text(once + "\n## Memory\n")
    write_section(results, document)
    assert document.read_text() == once + "\n## Memory\n"
    assert find_section(document.read_text()).count("## By distance") == 1


def test_the_picture_has_a_curve_for_each_loader(results: LinkResults, tmp_path: Path) -> None:
    write_section(results, tmp_path / "performance.md")
    picture = ElementTree.parse(tmp_path / PICTURE)
    panels = picture.findall("{*}g")
    curves = [[line.get("points", "") for line in panel.findall("{*}polyline")] for panel in panels]
    # dlt's rows would flatten the curves of the full data.
    assert [len(lines) for lines in curves] == [len(LOADERS) - 1, len(LOADERS)]
    for points in (line.split() for lines in curves for line in lines):
        assert len(points) == 3
        heights = [float(point.split(",")[1]) for point in points]
        assert heights == sorted(heights, reverse=True)
        assert all(40 <= height <= 260 for height in heights)
