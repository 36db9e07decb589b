"""Frames of about the size of a part, whatever the reader yields."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import polars as pl

ROWS_PER_PART = 131_072
# Long lines fill a part with fewer rows: stages after this one make several copies of its text.
BYTES_PER_PART = 32 * 1024 * 1024
# A frame, and the bytes of its text.
SizedFrame: TypeAlias = tuple[pl.DataFrame, int]


def merge_frames(frames: Iterable[SizedFrame]) -> Iterator[pl.DataFrame]:
    """Concatenate small frames, and slice those of many rows."""
    pending: list[pl.DataFrame] = []
    rows = size = 0
    for frame, frame_size in frames:
        pending.append(frame)
        rows += frame.height
        size += frame_size
        if rows >= ROWS_PER_PART or size >= BYTES_PER_PART:
            yield from _slices(pending[0] if len(pending) == 1 else pl.concat(pending))
            pending, rows, size = [], 0, 0
    if pending:
        yield from _slices(pending[0] if len(pending) == 1 else pl.concat(pending))


def _slices(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    # Not for a few rows more: a batch of ordinary text stays one part.
    if frame.height <= 2 * ROWS_PER_PART:
        yield frame
    else:
        yield from frame.iter_slices(ROWS_PER_PART)


def slice_by_bytes(frame: pl.DataFrame, sizes: pl.Series | None) -> Iterator[pl.DataFrame]:
    """Slice a frame into those of about ``BYTES_PER_PART``.

    Args:
        frame: The frame.
        sizes: Bytes of each row; None if they are few.
    """
    if sizes is None or sizes.sum() <= BYTES_PER_PART:
        yield frame
        return
    part = sizes.cast(pl.Int64).cum_sum() // BYTES_PER_PART
    starts = [0, *(part != part.shift(1)).arg_true().to_list(), frame.height]
    for start, end in itertools.pairwise(starts):
        if end > start:
            yield frame.slice(start, end - start)


def strip_line_ends(data: memoryview) -> memoryview:
    """Return text without the line ends behind its last line."""
    end = len(data)
    while end and data[end - 1] in b"\r\n":
        end -= 1
    return data[:end]
