"""Lines that no parser may see, replaced by short markers: those over the limit of bytes, and others set aside.

A marker is a line of its own without delimiters and quotes. It holds the fault and an excerpt of the line, and begins
with a token that no file can know.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Iterator

from tasks.ingest.limits import Excerpt, ReadLimits

MARKER = f"\x1e{secrets.token_hex(16)}:"
MARKER_BYTES = MARKER.encode()


def has_long_line(text: bytes, limit: int) -> bool:
    """Return whether any line has more than ``limit`` bytes; looks at few bytes of ordinary text."""
    return next(_long_lines(text, limit), None) is not None


def _long_lines(text: bytes, limit: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end (without the line feed) of each line of more than ``limit`` bytes."""
    start = 0
    while len(text) - start > limit:
        last = text.rfind(b"\n", start, start + limit + 1)
        if last >= 0:
            start = last + 1
            continue
        end = text.find(b"\n", start + limit)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def replace_long_lines(text: bytes, limits: ReadLimits) -> tuple[bytes, bool]:
    """Replace each line over the limit by its marker.

    Returns:
        The text, and whether any line of it was replaced.
    """
    pieces: list[bytes] = []
    before = 0
    for start, end in _long_lines(text, limits.line_bytes):
        if not text.startswith(MARKER_BYTES, start):
            line = Excerpt()
            line.add(text[start:end])
            pieces += [text[before:start], _marker_of(line, limits)]
            before = end
    if not pieces:
        return text, False
    return b"".join([*pieces, text[before:]]), True


def whole_lines(chunks: Iterable[bytes], limits: ReadLimits) -> Iterator[tuple[bytes, bool]]:
    """Regroup chunks into blocks of complete lines; memory is bounded by a chunk and a line.

    Yields:
        Blocks, and whether a line of the block was replaced by its marker. The last block may end without a line feed.
    """
    incomplete = b""
    long_line: Excerpt | None = None
    marked = False
    for chunk in chunks:
        if long_line is not None:
            end = chunk.find(b"\n")
            if end < 0:
                long_line.add(chunk)
                continue
            long_line.add(chunk[:end])
            incomplete, chunk = _marker_of(long_line, limits), chunk[end:]  # noqa: PLW2901
            long_line, marked = None, True
        text = incomplete + chunk
        end = text.rfind(b"\n") + 1
        block, replaced = replace_long_lines(text[:end], limits)
        yield block, replaced or marked
        incomplete, marked = text[end:], False
        if len(incomplete) > limits.line_bytes:
            long_line = Excerpt()
            long_line.add(incomplete)
            incomplete = b""
    if long_line is not None:
        yield _marker_of(long_line, limits), True
    else:
        yield incomplete, False


def _marker_of(line: Excerpt, limits: ReadLimits) -> bytes:
    return marker_line(limits.line_fault(line.size), line.text())


def marker_line(fault: str, raw: str) -> bytes:
    """Return the marker of a line that is set aside for a fault, with its text or an excerpt."""
    return MARKER_BYTES + base64.b64encode(json.dumps([fault, raw]).encode())


def read_marker(line: str) -> tuple[str, str] | None:
    """Return the fault and the excerpt of a line that was replaced; None for any other line."""
    if not line.startswith(MARKER):
        return None
    fault, raw = json.loads(base64.b64decode(line.removeprefix(MARKER)))
    return fault, raw
