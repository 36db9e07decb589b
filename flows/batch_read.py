"""Read the deliveries of a batch, without those that change each time they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.run_context import RunContext
from tasks.errors import DeliveryChanged, DeliveryError, DeliveryUnfinished
from tasks.ingest.bronze import IngestResult
from tasks.ingest.discover import Delivery
from tasks.ingest.empty_parts import is_empty_part
from tasks.ingest.mapping.passed_over import in_currency, passed_over_text
from tasks.ingest.steps import ingest_batch
from tasks.metering import count_bytes
from tasks.report.run_report import DeliveryReport
from tasks.warehouse.ledger import Outcome

_KEEPS_CHANGING = (
    "the file changed each time it was read.",
    "The next run tries it again. Deliver files by renaming them into place.",
)


async def read_batch(context: RunContext, label: str, deliveries: Sequence[Delivery]) -> IngestResult:
    """Read a batch into bronze, but for the deliveries that are known to be unchanged without being read.

    A file that still changes after all retries is unfinished; the others are read.

    Raises:
        RetailError: the workspace failed, or Prefect is gone.
    """
    request = context.request
    known = context.known.deliveries
    hashed = {delivery.name: delivery for delivery in deliveries if _is_unchanged(context, delivery)}
    unchanged = tuple(hashed)
    count_bytes(read=sum(delivery.size for delivery in hashed.values()))
    deliveries = [delivery for delivery in deliveries if delivery.name not in hashed]
    changing: list[DeliveryUnfinished] = []
    while deliveries:
        try:
            result = await request.retry.apply(ingest_batch)(
                label,
                deliveries,
                known,
                request.workspace,
                request.read_limits,
                replace(context.feed.reading, keeps_persons=request.settings.retail_keep_persons),
                request.settle_seconds,
            )
            return replace(
                result,
                unchanged=(*unchanged, *result.unchanged),
                unfinished=(*result.unfinished, *changing),
            )
        except DeliveryChanged as error:
            name = error.attributes["delivery"]
            changing.append(DeliveryUnfinished(*_KEEPS_CHANGING, delivery=name))
            deliveries = [delivery for delivery in deliveries if delivery.name != name]
    return IngestResult(None, unchanged, unfinished=tuple(changing))


def _is_unchanged(context: RunContext, delivery: Delivery) -> bool:
    content_hash = context.hashes.get(delivery)
    return content_hash is not None and content_hash == context.known.deliveries.get(delivery.name)


def unread_reports(
    context: RunContext, deliveries: Sequence[Delivery], result: IngestResult
) -> list[DeliveryReport]:
    """Report the deliveries of a batch that were not read into bronze: unchanged, empty, failed or unfinished."""
    by_name = {delivery.name: delivery for delivery in deliveries}
    reports = [DeliveryReport(name, "unchanged") for name in result.unchanged]
    for error in result.failed:
        # A part that had lines has lost them.
        is_known = error.delivery in context.known.held
        is_empty = not is_known and is_empty_part(error, by_name[error.delivery])
        reports.append(_empty_part(error, context.feed.currency) if is_empty else failed_delivery(error))
    return [*reports, *map(failed_delivery, result.unfinished)]


def _empty_part(error: DeliveryError, currency: str) -> DeliveryReport:
    passed_over = in_currency(error.attributes.get("passed_over", {}), currency)
    rows = sum(entry["rows"] for entry in passed_over.values())
    return DeliveryReport(
        error.delivery,
        "empty",
        rows_in=rows,
        rows_passed_over=rows,
        passed_over=passed_over,
        notes=(f"it has no sales line: {passed_over_text(passed_over)}",) if passed_over else (),
    )


def failed_delivery(error: DeliveryError) -> DeliveryReport:
    """Report a delivery that could not be read, or not yet."""
    outcome: Outcome = "unfinished" if isinstance(error, DeliveryUnfinished) else "failed"
    return DeliveryReport(error.delivery, outcome, reason=error.reason)
