"""Hash the deliveries while the run waits for its warehouse: those that turn out to be known are not read again."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tasks.errors import DeliveryError, RetailError
from tasks.ingest.discover import Delivery, discover
from tasks.ingest.limits import ReadLimits
from tasks.ingest.source_file import HELD_BYTES, read_and_hash

# A warehouse that is near answers within this time: beside its work, hashing would only slow the run down.
_NEAR_SECONDS = 0.05


class HashAhead:
    """Finds and hashes the deliveries of sources until the hashes are asked for.

    A hash counts for the file as it was: with another size or time of its last change it is another delivery.
    """

    def __init__(
        self, sources: Sequence[str], root: str | None, limits: ReadLimits, *, follow_links: bool
    ) -> None:
        """Describe the search; the parameters are those of ``discover`` and ``read_and_hash``."""
        self._sources = sources
        self._root = root
        self._limits = limits
        self._follow_links = follow_links
        self._hashes: dict[Delivery, str] = {}
        self._is_complete = False
        self._is_over = threading.Event()

    def run(self) -> None:
        """Hash in this thread. What cannot be found or read is left out: the run meets it again and reports it."""
        if self._is_over.wait(_NEAR_SECONDS):
            return
        try:
            deliveries = discover(self._sources, self._root, follow_links=self._follow_links).deliveries
        except (RetailError, OSError):
            return
        for delivery in deliveries:
            if self._is_over.is_set():
                return
            if delivery.size <= HELD_BYTES:  # a larger one would go on for long after it is asked for
                with suppress(DeliveryError):
                    self._hashes[delivery] = read_and_hash(delivery, self._limits).sha256
        self._is_complete = len(self._hashes) == len(deliveries)

    def count(self) -> int:
        """Return the number of deliveries if all of them are hashed, else 0."""
        return len(self._hashes) if self._is_complete else 0

    def take(self) -> Mapping[Delivery, str]:
        """Return the SHA-256 of those that are hashed by now, and end the work."""
        self._is_over.set()
        return dict(self._hashes)
