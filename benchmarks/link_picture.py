"""The picture of how loads grow with the distance: one panel for each job, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

_WIDTH, _HEIGHT = 420, 300
_LEFT, _TOP, _RIGHT, _BOTTOM = 48, 40, 112, 44
_LABEL_GAP = 13
_FONT = 'font-family="system-ui, sans-serif"'


@dataclass(frozen=True)
class Curve:
    """A loader's seconds at each distance; the colour is one of CSS."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]
    is_bold: bool = False


@dataclass(frozen=True)
class Panel:
    """Curves over the same distances (milliseconds)."""

    title: str
    curves: Sequence[Curve]


def draw(panels: Sequence[Panel]) -> str:
    """Draw the panels beside each other."""
    width = _WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" width="{width}" height="{_HEIGHT}">',
        f'<rect width="{width}" height="{_HEIGHT}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * _WIDTH} 0)">', *_draw_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _draw_panel(panel: Panel) -> list[str]:
    distances = [distance for distance, _ in panel.curves[0].points]
    step = _round_step(max(seconds for curve in panel.curves for _, seconds in curve.points) / 5)
    top = step * math.ceil(max(seconds for curve in panel.curves for _, seconds in curve.points) / step)

    def x(distance: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * distance / max(*distances, 1)

    def y(seconds: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * seconds / top

    parts = [_text(_LEFT, 20, panel.title, "start", "font-weight='600' font-size='14'")]
    for number in range(round(top / step) + 1):
        seconds = number * step
        parts.append(
            f'<path d="M{_LEFT} {y(seconds):.1f}H{_WIDTH - _RIGHT}" stroke="#ddd" stroke-width="1" fill="none"/>'
        )
        parts.append(_text(_LEFT - 6, y(seconds) + 4, f"{seconds:g}", "end"))
    parts.append(_text(_LEFT - 6, y(top) - 9, "s", "end"))
    parts += [_text(x(distance), _HEIGHT - _BOTTOM + 18, f"{distance:g}", "middle") for distance in distances]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(_text(middle, _HEIGHT - 8, "round trip, ms", "middle"))
    for curve in panel.curves:
        points = " ".join(f"{x(distance):.1f},{y(seconds):.1f}" for distance, seconds in curve.points)
        thickness = 3 if curve.is_bold else 1.5
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{curve.colour}" stroke-width="{thickness}"/>'
        )
    ends = {curve.name: y(curve.points[-1][1]) + 4 for curve in panel.curves}
    for (name, position), curve in zip(_spread(ends).items(), _by_height(panel.curves, ends), strict=True):
        weight = f"fill='{curve.colour}'" + (" font-weight='600'" if curve.is_bold else "")
        parts.append(_text(_WIDTH - _RIGHT + 6, position, name, "start", weight))
    return parts


def _by_height(curves: Sequence[Curve], ends: dict[str, float]) -> list[Curve]:
    return sorted(curves, key=lambda curve: ends[curve.name])


def _spread(positions: dict[str, float]) -> dict[str, float]:
    """Move labels that would overlap apart, from the top down, and up again from the bottom."""
    names = sorted(positions, key=positions.__getitem__)
    placed = dict(positions)
    for above, below in pairwise(names):
        placed[below] = max(placed[below], placed[above] + _LABEL_GAP)
    lowest = _HEIGHT - _BOTTOM + 4.0
    for name in reversed(names):
        placed[name] = min(placed[name], lowest)
        lowest = placed[name] - _LABEL_GAP
    return {name: placed[name] for name in names}


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is at least ``least``."""
    power = 10 ** math.floor(math.log10(least))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999))


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    size = "" if "font-size" in style else 'font-size="12" '
    fill = "" if "fill" in style else 'fill="#333" '
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {size}{fill}{style} {_FONT}>{escape(text)}</text>'
