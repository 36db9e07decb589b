"""Deliveries packed as gzip, zstd and zip."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa

from tests.support.deliveries import as_csv, row, write

ROWS = [row(invoice_no=str(536365 + number), description="CAFÉ") for number in range(400)]
TEXT = as_csv(ROWS)
FORMATS = ["gz", "zst", "zip"]


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def archive(path: Path, *members: tuple[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return path


def pack(path: Path, kind: str, content: str | bytes = TEXT) -> Path:
    """Write a file packed as ``kind``."""
    data = content.encode() if isinstance(content, str) else content
    if kind == "zip":
        return archive(path, ("day.csv", data))
    return write(path, gzip.compress(data) if kind == "gz" else zstd(data))
