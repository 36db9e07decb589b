"""Load the accepted deliveries of a batch, and find the one whose data the database rejects."""

from __future__ import annotations

from collections.abc import Sequence

from flows.run_context import RunContext
from tasks.errors import DataRejected, DeliveryRejected
from tasks.postgres.settings import ConnectionSettings
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.load.transaction import LoadedDelivery
from tasks.warehouse.steps import load_batch


async def load_accepted(
    context: RunContext,
    warehouse: ConnectionSettings,
    label: str,
    silver: Silver,
    accepted: Sequence[DeliveryQuality],
) -> dict[str, LoadedDelivery]:
    """Load deliveries in one transaction; return what became of each, by name.

    If the database rejects a value, the deliveries are halved and loaded again until the one that holds it is found:
    it fails, the others load.

    Raises:
        RetailError: the warehouse failed for another reason.
    """
    known = context.known.deliveries
    try:
        with context.watch.metering("load"):
            result = await context.request.retry.apply(load_batch)(
                label,
                warehouse,
                silver,
                accepted,
                context.run,
                known={quality.name: known[quality.name] for quality in accepted if quality.name in known},
                replace_anyway=context.request.replace,
                take_mapping=context.request.take_mapping,
                take_columns=context.request.take_columns,
                accept_known_bytes=context.request.accept_known_bytes,
            )
    except DataRejected as error:
        if len(accepted) == 1:
            return {accepted[0].name: _rejected(accepted[0], error)}
        middle = len(accepted) // 2
        halves = accepted[:middle], accepted[middle:]
        loaded: dict[str, LoadedDelivery] = {}
        for number, half in enumerate(halves, start=1):
            loaded |= await load_accepted(context, warehouse, f"{label}, part {number}", silver, half)
        return loaded
    context.watch.add("load", result.seconds, sum(quality.lines for quality in accepted))
    return {delivery.name: delivery for delivery in result.deliveries}


def _rejected(quality: DeliveryQuality, cause: DataRejected) -> LoadedDelivery:
    error = DeliveryRejected(
        f"the database rejects its data: {cause.what}",
        cause.next_step,
        delivery=quality.name,
        sqlstate=cause.attributes.get("sqlstate"),
    )
    return LoadedDelivery(
        quality.name, "failed", quality.rows_in, 0, 0, quality.rows_quarantined, error=error
    )
