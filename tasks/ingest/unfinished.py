"""Whether a file is still being written: it changes while it is looked at, or changed just now."""

from __future__ import annotations

import os
import time
from dataclasses import replace

from tasks.errors import DeliveryUnfinished
from tasks.ingest.discover import Delivery

_NEXT_STEP = "The next run tries it again."


def ensure_unchanged(delivery: Delivery) -> None:
    """Raise DeliveryUnfinished if a file has changed since discovery. One that is gone is for its reader to report."""
    now = look_again(delivery)
    if delivery.modified_ns is None or now == delivery:
        return
    how = (
        f"it had {delivery.size:,} bytes, then {now.size:,}"
        if now.size != delivery.size
        else "it was written to"
    )
    raise DeliveryUnfinished(
        f"the file changed while it was looked at ({how}).", _NEXT_STEP, delivery=delivery.name
    )


def ensure_settled(delivery: Delivery, seconds: float) -> None:
    """Raise DeliveryUnfinished if a file changed less than ``seconds`` ago."""
    if not seconds or delivery.modified_ns is None:
        return
    age = time.time() - delivery.modified_ns / 1e9
    # Either way: the clock of a file server may be a little ahead. A time far in the future says nothing.
    if abs(age) < seconds:
        raise DeliveryUnfinished(
            f"the file changed {max(age, 0):.0f} seconds ago; it is taken {seconds:g} seconds after its last change.",
            _NEXT_STEP,
            delivery=delivery.name,
        )


def look_again(delivery: Delivery) -> Delivery:
    """Return a delivery with the size and time that its file has now; the same one if it is gone."""
    try:
        status = os.stat(delivery.path)
    except OSError:
        return delivery
    return replace(delivery, size=status.st_size, modified_ns=status.st_mtime_ns)
