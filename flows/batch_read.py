"""Read the deliveries of a batch, without those that change each time they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.run_context import RunContext
from tasks.errors import DeliveryChanged, DeliveryUnfinished
from tasks.ingest.bronze import IngestResult
from tasks.ingest.discover import Delivery
from tasks.ingest.steps import ingest_batch

_KEEPS_CHANGING = (
    "the file changed each time it was read.",
    "The next run tries it again. Deliver files by renaming them into place.",
)


async def read_batch(context: RunContext, label: str, deliveries: Sequence[Delivery]) -> IngestResult:
    """Read a batch into bronze. A file that still changes after all retries is unfinished; the others are read.

    Raises:
        RetailError: the workspace failed, or Prefect is gone.
    """
    request = context.request
    changing: list[DeliveryUnfinished] = []
    while deliveries:
        try:
            result = await request.retry.apply(ingest_batch)(
                label,
                deliveries,
                context.known.deliveries,
                request.workspace,
                request.read_limits,
                context.feed.reading,
                request.settle_seconds,
            )
            return replace(result, unfinished=(*result.unfinished, *changing))
        except DeliveryChanged as error:
            name = error.attributes["delivery"]
            changing.append(DeliveryUnfinished(*_KEEPS_CHANGING, delivery=name))
            deliveries = tuple(delivery for delivery in deliveries if delivery.name != name)
    return IngestResult(None, unfinished=tuple(changing))
