"""Read and code the parts of silver, ahead of the load."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import polars as pl

from tasks.metering import in_thread
from tasks.validate.kinds import rules_of_feed
from tasks.validate.schema import LINE
from tasks.validate.silver import Silver
from tasks.warehouse.load.code import CodedPart, code_part
from tasks.workspace import outputs
from tasks.workspace.integrity import read_checked
from tasks.workspace.parquet_parts import dictionary_encode, read_part

# Silver columns.
_TEXTS = tuple(name for name, dtype in LINE.items() if dtype == pl.String)
_OTHERS = tuple(name for name in LINE if name not in _TEXTS)


class PartReader:
    """Read and code the parts of silver in order, one ahead of the load; the first at once.

    Args:
        silver: The lines.
        ordinals: Number of each delivery to load, by name; the lines of others are left out.
    """

    def __init__(self, silver: Silver, ordinals: Mapping[str, int]) -> None:
        self._silver = silver
        self._ordinals = ordinals
        self._adjustment = rules_of_feed(silver.settings.feed).adjustment
        self._next = self._start_reading(0)

    def _start_reading(self, number: int) -> asyncio.Task[CodedPart | None]:
        return asyncio.create_task(in_thread(_read, self._silver, number, self._ordinals, self._adjustment))

    async def read(self, number: int) -> CodedPart | None:
        """Return a part, None if it has no line to load. Call it once for each number, in order."""
        part = await self._next
        if number + 1 < self._silver.parts:
            self._next = self._start_reading(number + 1)
        return part

    async def close(self) -> None:
        """Wait for the read in progress."""
        await asyncio.wait([self._next])


def _read(
    silver: Silver, number: int, ordinals: Mapping[str, int], adjustment: str | None
) -> CodedPart | None:
    lines = read_part(read_checked(outputs.part_path(silver.folder, number)), _TEXTS, _OTHERS)
    names, codes = dictionary_encode(lines.get_column("delivery"))
    is_loaded = pl.Series([name in ordinals for name in names], dtype=pl.Boolean)
    if not is_loaded.all():
        lines = lines.filter(is_loaded.gather(codes))
    return code_part(lines, ordinals, adjustment) if lines.height else None
