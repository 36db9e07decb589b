"""Tables of text from the warehouse, whose lines are never cut: a terminal wraps them, a pipe gets them whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tasks.outside_text import displayable


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a titled table; columns of numbers are aligned to the right. Without rows, print that there are none."""
    values = [tuple(row) for row in rows]
    print(title)
    if not values:
        print("  none\n")
        return
    cells = [columns, *([_cell(value) for value in row] for row in values)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    is_number = [
        all(isinstance(row[place], int | float | None) for row in values) for place in range(len(columns))
    ]
    for row in cells:
        aligned = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        )
        print(f"  {'  '.join(aligned).rstrip()}")
    print()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.2f}"
    return displayable(value)
