"""The first bytes of a delivery, unpacked, to see what it is: without its hash, and without the rest of it."""

from __future__ import annotations

from tasks.ingest.discover import Delivery
from tasks.ingest.packing import find_packing, unpack
from tasks.ingest.readers.encoding import PEEK
from tasks.ingest.source_file import open_source


def read_file_start(delivery: Delivery, size: int = PEEK) -> bytes:
    """Read the first ``size`` bytes of a file's text.

    Raises:
        DeliveryUnreadable: The file cannot be read, or what it is packed in is damaged.
    """
    start = bytearray()
    with open_source(delivery) as file:
        packing = find_packing(file, delivery.name)
        file.seek(0)
        if packing is None:
            return file.read(size)
        for piece in unpack(file, packing, delivery.name):
            start += piece
            if len(start) >= size:
                break
    return bytes(start[:size])
