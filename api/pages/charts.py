"""Charts as inline SVG, drawn on the server: no script, and colours from the stylesheet, so that they are light or dark.

Each is drawn for wide screens, for tablets and for phones: text of a chart that is only made smaller cannot be read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from threading import Lock
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

_SVG = "{http://www.w3.org/2000/svg}"
_WIDTHS = {"wide": 980, "medium": 620, "narrow": 290}
_HEIGHT = 220
_TICKS = {"wide": 12, "medium": 8, "narrow": 4}
# Where only what is bad should look so.
_BARS = ("var(--series-1)", "var(--series-3)", "var(--series-5)")
_COLOURS = tuple(f"var(--series-{number})" for number in range(1, 6))
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 2])
_ELEMENTS = {"svg", "g", "path", "rect", "line", "text", "circle"}
# Nothing of a style or a script, and no roles: the picture as a whole has a name, the page a table of its values.
_ATTRIBUTES = {
    *("viewBox", "d", "x", "y", "x1", "y1", "x2", "y2", "width", "height", "transform", "fill", "stroke"),
    *("stroke-width", "stroke-dasharray", "font-size", "font-weight", "text-anchor", "r", "cx", "cy"),
}
_drawing = Lock()


@dataclass(frozen=True)
class DayValue:
    """The value of a series on a day."""

    day: date
    series: str
    value: float


async def draw_lines(points: tuple[DayValue, ...], order: tuple[str, ...], unit: str, name: str) -> Markup:
    """Draw a line for each series. A thread draws it, once for the same values.

    Args:
        points: The values.
        order: The series, in the order of their colours.
        unit: Title of the values.
        name: What the chart shows, for screen readers.
    """
    return await asyncio.to_thread(_draw, "lines", points, order, unit, name)


async def draw_bars(points: tuple[DayValue, ...], order: tuple[str, ...], unit: str, name: str) -> Markup:
    """Draw a bar for each day, with the series on top of each other; see ``draw_lines``."""
    return await asyncio.to_thread(_draw, "bars", points, order, unit, name)


@lru_cache(maxsize=64)
def _draw(kind: str, points: tuple[DayValue, ...], order: tuple[str, ...], unit: str, name: str) -> Markup:
    with _drawing:
        charts = {size: _chart(kind, points, order, unit, size) for size in _WIDTHS}
        return Markup("").join(_svg(chart, size, name) for size, chart in charts.items())


def _chart(kind: str, points: Sequence[DayValue], order: tuple[str, ...], unit: str, size: str) -> Any:
    # Importing them takes seconds, which a server that shows no chart does not need.
    import altair as alt  # noqa: PLC0415
    import polars as pl  # noqa: PLC0415

    frame = pl.DataFrame(
        {
            # Days, not times: a time is drawn in the zone of the server.
            "day": pl.Series([point.day for point in points], dtype=pl.Date),
            "series": [point.series for point in points],
            unit: [float(point.value) for point in points],
        }
    )
    days = sorted({point.day for point in points})
    axis = alt.Axis(
        format="%-d %b %Y" if days[0].year != days[-1].year else "%-d %b",
        values=[alt.DateTime(year=d.year, month=d.month, date=d.day) for d in _some(days, _TICKS[size])],
        title=None,
        labelAngle=0,
    )
    legend = alt.Legend(title=None, orient="top", columns=2 if size == "narrow" else len(order))
    base = alt.Chart(frame, width=_WIDTHS[size], height=_HEIGHT)
    if kind == "lines":
        return _themed(_lines(alt, base, axis, legend, order, unit, min(point.value for point in points)))
    bar = max(3, min(28, int(_WIDTHS[size] / (((days[-1] - days[0]).days + 1) * 1.6))))
    return _themed(_bars(alt, base.mark_bar(size=bar), axis, legend, order, unit))


def _bars(alt: Any, base: Any, axis: Any, legend: Any, order: tuple[str, ...], unit: str) -> Any:
    colours = alt.Scale(domain=order, range=_BARS[: len(order)])
    return base.encode(
        x=alt.X("day:T", axis=axis, scale=alt.Scale(padding=22)),
        y=alt.Y(f"{unit}:Q", title=None, axis=alt.Axis(format=",d", tickCount=5)),
        color=alt.Color("series:N", scale=colours, legend=legend),
        order=alt.Order("rank:Q"),
    ).transform_calculate(rank=f"indexof({list(order)!r}, datum.series)")


def _lines(
    alt: Any, base: Any, axis: Any, legend: Any, order: tuple[str, ...], unit: str, lowest: float
) -> Any:
    def scale(values: Sequence[Any]) -> Any:
        return alt.Scale(domain=order, range=values[: len(order)])

    encoding = {
        "x": alt.X("day:T", axis=axis, scale=alt.Scale(padding=14)),
        "y": alt.Y(
            f"{unit}:Q",
            title=None,
            scale=alt.Scale(domain=[max(0, min(95, lowest - 1) // 1), 100], nice=False),
            axis=alt.Axis(tickCount=5),
        ),
        "color": alt.Color("series:N", scale=scale(_COLOURS), legend=legend),
    }
    dashes = alt.StrokeDash("series:N", scale=scale(_DASHES), legend=legend)
    shapes = alt.Shape("series:N", scale=scale(_SHAPES), legend=legend)
    lines = base.mark_line(strokeWidth=2).encode(**encoding, strokeDash=dashes)
    marks = base.mark_point(size=42, filled=True, opacity=1).encode(**encoding, shape=shapes)
    return lines + marks


def _themed(chart: Any) -> Any:
    return (
        chart.configure(background="transparent")
        .configure_view(stroke="transparent")
        .configure_axis(
            labelColor="var(--quiet)",
            labelFontSize=12,
            gridColor="var(--line)",
            domainColor="var(--line)",
            tickColor="var(--line)",
        )
        .configure_axisX(grid=False)
        .configure_legend(
            labelColor="var(--text)", labelFontSize=12, symbolSize=80, labelLimit=160, columnPadding=20
        )
    )


def _some(days: Sequence[date], most: int) -> list[date]:
    if len(days) <= most:
        return list(days)
    step = (len(days) - 1) / (most - 1)
    return [days[round(i * step)] for i in range(most)]


def _svg(chart: Any, size: str, name: str) -> Markup:
    import vl_convert  # noqa: PLC0415 - see above

    root = ET.fromstring(vl_convert.vegalite_to_svg(chart.to_dict()))  # noqa: S314 - drawn here
    clean = _clean(root)
    clean.set("class", f"chart {size}")
    clean.set("role", "img")
    clean.set("aria-label", name)
    return Markup(ET.tostring(clean, encoding="unicode"))  # noqa: S704 - escaped by ElementTree


def _clean(element: ET.Element) -> ET.Element:
    """Return the element with those parts alone that are drawn and harmless."""
    name = element.tag.removeprefix(_SVG)
    attributes = {key: _rounded(value) for key, value in element.attrib.items() if key in _ATTRIBUTES}
    clean = ET.Element(name, attributes)
    clean.text = element.text if name == "text" else None
    clean.extend(_clean(child) for child in _drawn(element))
    return clean


def _drawn(element: ET.Element) -> Iterator[ET.Element]:
    for child in element:
        name = child.tag.removeprefix(_SVG)
        is_hidden = child.get("display") == "none" or child.get("opacity") == "0" or child.get("d") == ""
        is_empty = name == "g" and not len(child)
        if name in _ELEMENTS and not is_hidden and not is_empty:
            yield child


def _rounded(value: str) -> str:
    return re.sub(r"(\.\d)\d+", r"\1", value)
