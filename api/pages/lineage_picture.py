"""The picture of a run's lineage: deliveries, bronze, silver and quarantine, tables; as columns and, for a phone, as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from markupsafe import Markup

from api.pages.rendering import render
from tasks.outside_text import displayable
from tasks.report.lineage.columns import DATASETS
from tasks.report.lineage.stages import BRONZE_NAME, QUARANTINE_NAME, SILVER_NAME
from tasks.report.lineage.star_schema import TABLES

_DELIVERIES = 6
_BOX_HEIGHT = 46
_GAP = 14
_WIDE, _NARROW = 980, 344
# Boxes of the columns; deliveries have long names.
_COLUMN_WIDTHS = (236, 128, 128, 128, 128)
_TITLE_CHARACTERS = {236: 31, 128: 16}


@dataclass(frozen=True)
class Node:
    """A dataset of the picture: ``kind`` is a class of the stylesheet."""

    name: str
    title: str
    detail: str
    kind: str = "stage"


@dataclass(frozen=True)
class Box:
    """A dataset with its place; ``x`` and ``y`` are its left upper corner."""

    node: Node
    x: float
    y: float
    width: float
    height: float = _BOX_HEIGHT


@dataclass(frozen=True)
class Picture:
    """A drawn picture."""

    width: int
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[str, ...]


def draw_lineage(attempts: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Draw how the deliveries of a run reached the tables; None if none was read.

    Args:
        attempts: What the run did with each delivery, as columns of ``retail_ops.delivery_attempt``.
    """
    read = [attempt for attempt in attempts if attempt["rows_in"] is not None]
    if not read:
        return None
    total = {
        name: sum(attempt[f"rows_{name}"] or 0 for attempt in read)
        for name in ("in", "loaded", "duplicate", "quarantined", "passed_over")
    }
    total["lines"] = total["in"] - total["passed_over"]
    many = [
        Node("delivery", f"{len(read):,} deliver{'y' if len(read) == 1 else 'ies'}", _lines(total["lines"]))
    ]
    stages = _stages(total)
    return Markup(  # noqa: S704 - escaped by the template
        render(
            "lineage.html",
            pictures={
                "wide": _columns([list(_deliveries(read)), *stages]),
                "narrow": _rows([many, *stages]),
            },
            summary=(
                f"{many[0].title} with {_lines(total['lines'])} went through bronze; {_lines(total['quarantined'])} "
                f"went into quarantine, and {_lines(total['loaded'])} through silver into fact_sale."
            ),
        )
    )


def _stages(total: Mapping[str, int]) -> list[list[Node]]:
    tables = [dataset for dataset in TABLES if SILVER_NAME in dataset.upstream]
    # A table that is made of other tables stands behind them.
    last = [table for table in tables if any(other.name in table.upstream for other in tables)]
    first = [table for table in tables if table not in last]
    return [
        [Node(BRONZE_NAME, BRONZE_NAME, _lines(total["lines"]))],
        [
            Node(SILVER_NAME, SILVER_NAME, f"{total['lines'] - total['quarantined']:,} valid"),
            Node(
                QUARANTINE_NAME,
                QUARANTINE_NAME,
                _lines(total["quarantined"]),
                "bad" if total["quarantined"] else "quiet",
            ),
        ],
        [Node(table.name, _short(table.name), "", "table") for table in first],
        [Node(table.name, _short(table.name), f"{total['loaded']:,} loaded", "table") for table in last],
    ]


def _deliveries(read: Sequence[Mapping[str, Any]]) -> Iterator[Node]:
    fit = len(read) if len(read) <= _DELIVERIES else _DELIVERIES - 1
    for attempt in read[:fit]:
        kind = "bad" if attempt["outcome"] in {"refused", "failed"} else "stage"
        name = displayable(attempt["name"]).rsplit("/", 1)[-1]
        yield Node(
            "delivery",
            name,
            f"{attempt['outcome']}, {_lines(attempt['rows_in'] - attempt['rows_passed_over'])}",
            kind,
        )
    if len(read) > fit:
        rest = read[fit:]
        yield Node(
            "delivery",
            f"{len(rest):,} more",
            _lines(sum(attempt["rows_in"] - attempt["rows_passed_over"] for attempt in rest)),
        )


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _short(table: str) -> str:
    return table.rpartition(".")[2]


def _columns(layers: Sequence[Sequence[Node]]) -> Picture:
    step = _BOX_HEIGHT + _GAP
    height = max(len(layer) for layer in layers) * step + 4
    between = (_WIDE - 4 - sum(_COLUMN_WIDTHS)) / (len(layers) - 1)
    boxes: list[list[Box]] = []
    x = 2.0
    for layer, width in zip(layers, _COLUMN_WIDTHS, strict=True):
        boxes.append(list(_column(layer, x, height / 2, width)))
        x += width + between
    return Picture(
        _WIDE, height, tuple(box for layer in boxes for box in layer), tuple(_edges(boxes, _across))
    )


def _column(layer: Sequence[Node], x: float, middle: float, width: int) -> Iterator[Box]:
    step = _BOX_HEIGHT + _GAP
    # What passes tables by goes through the middle, between two of them.
    split = len(layer) // 2 if layer[0].kind == "table" and len(layer) > 1 else len(layer)
    top = middle - (len(layer) * step - _GAP + (_GAP if split < len(layer) else 0)) / 2
    for i, node in enumerate(layer):
        yield Box(_cut(node, width), x, top + step * i + (_GAP if i >= split else 0), width)


def _rows(layers: Sequence[Sequence[Node]]) -> Picture:
    # Two beside each other: four would be too narrow for their names.
    width = (_NARROW - 4 - _GAP) / 2
    boxes: list[list[Box]] = []
    y = 2.0
    for layer in layers:
        placed = []
        for i in range(0, len(layer), 2):
            row = layer[i : i + 2]
            left = (_NARROW - len(row) * (width + _GAP) + _GAP) / 2
            placed += [
                Box(_cut(node, 128), left + j * (width + _GAP), y, width) for j, node in enumerate(row)
            ]
            y += _BOX_HEIGHT + _GAP
        boxes.append(placed)
        y += 1.4 * _GAP
    height = boxes[-1][-1].y + _BOX_HEIGHT + 2
    return Picture(
        _NARROW, height, tuple(box for layer in boxes for box in layer), tuple(_edges(boxes, _down))
    )


def _cut(node: Node, width: int) -> Node:
    most = _TITLE_CHARACTERS[width]
    title = node.title if len(node.title) <= most else f"{node.title[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
    return Node(node.name, title, node.detail, node.kind)


def _edges(layers: Sequence[Sequence[Box]], draw: Callable[..., str]) -> Iterator[str]:
    """The paths from each dataset to those that are made of it."""
    for here, sources in enumerate(layers):
        for there, targets in enumerate(layers[here + 1 :], start=here + 1):
            for source, target in product(sources, targets):
                if source.node.name in DATASETS[target.node.name].upstream:
                    yield draw(source, target, layers[here + 1] if there > here + 1 else ())


def _across(source: Box, target: Box, passed: Sequence[Box]) -> str:
    start = source.x + source.width, source.y + source.height / 2
    end = target.x, target.y + target.height / 2
    if not passed:
        return f"M{_point(start)}{_curve(start, end, flat=True)}"
    middle = (passed[0].y + passed[-1].y + _BOX_HEIGHT) / 2
    before, after = (passed[0].x, middle), (passed[0].x + passed[0].width, middle)
    return (
        f"M{_point(start)}{_curve(start, before, flat=True)}L{_point(after)}{_curve(after, end, flat=True)}"
    )


def _down(source: Box, target: Box, passed: Sequence[Box]) -> str:
    start = source.x + source.width / 2, source.y + source.height
    end = target.x + target.width / 2, target.y
    if not passed:
        return f"M{_point(start)}{_curve(start, end, flat=False)}"
    before, after = (_NARROW / 2, passed[0].y), (_NARROW / 2, passed[-1].y + _BOX_HEIGHT)
    return (
        f"M{_point(start)}{_curve(start, before, flat=False)}L{_point(after)}{_curve(after, end, flat=False)}"
    )


def _curve(start: tuple[float, float], end: tuple[float, float], *, flat: bool) -> str:
    (x1, y1), (x2, y2) = start, end
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    first, second = ((x, y1), (x, y2)) if flat else ((x1, y), (x2, y))
    return f"C{_point(first)} {_point(second)} {_point(end)}"


def _point(place: tuple[float, float]) -> str:
    return f"{place[0]:.1f},{place[1]:.1f}"
