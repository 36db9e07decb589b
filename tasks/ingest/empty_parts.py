"""Empty part files of Spark: of a folder whose ``_SUCCESS`` file says that it was written completely."""

from __future__ import annotations

import os

from tasks.errors import DeliveryEmpty, DeliveryError
from tasks.ingest.discover import Delivery

_SUCCESS = "_SUCCESS"
_PREFIX = "part"


def is_empty_part(error: DeliveryError, delivery: Delivery) -> bool:
    """Whether a delivery failed only because it is an empty part of a complete folder.

    Args:
        error: What it failed with.
        delivery: The delivery.
    """
    if not isinstance(error, DeliveryEmpty) or not os.path.basename(delivery.path).startswith(_PREFIX):
        return False
    folder = os.path.dirname(delivery.path)
    while "=" in os.path.basename(folder):  # a partition: the file is in the folder of all partitions
        folder = os.path.dirname(folder)
    return os.path.isfile(os.path.join(folder, _SUCCESS))
