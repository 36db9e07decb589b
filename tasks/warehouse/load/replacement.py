"""The lines that replacements withdraw, and the guard against replacements that withdraw too many."""

from __future__ import annotations

import polars as pl

from tasks.errors import ReplacementRefused
from tasks.warehouse.load.plan import DeliveryLoad, LoadPlan
from tasks.warehouse.schema.columns import DELIVERY_KEY, DELIVERY_LINE
from tasks.warehouse.withdraw import lines_of
from tasks.workspace import outputs
from tasks.workspace.integrity import read_checked

# A replacement that withdraws more than this share of a delivery's lines, and more than this many, is more likely a
# truncated file than a correction.
GUARD_SHARE = 0.1
GUARD_LINES = 20


async def withdrawn_lines(
    plan: LoadPlan, replace_anyway: bool
) -> tuple[pl.DataFrame, list[ReplacementRefused]]:
    """Find the lines that replacements no longer have, and remove from the plan those that withdraw too many.

    Args:
        plan: The load. Its deliveries get their ``withdrawn`` count.
        replace_anyway: Let replacements withdraw any number of lines.

    Returns:
        The lines to withdraw, columns as in ``DELIVERY_LINE``, and an error for each rejected replacement.
    """
    replacements = {delivery.key: delivery for delivery in plan.deliveries.values() if delivery.replaces}
    if not replacements:  # without its indexes, the query reads all of fact_sale
        return pl.DataFrame(schema=DELIVERY_LINE), []
    loaded = await lines_of(plan.connection, list(replacements))
    if not loaded.height:
        return loaded, []
    keys = pl.DataFrame(
        {
            "delivery": [delivery.quality.name for delivery in replacements.values()],
            "delivery_key": list(replacements),
        },
        schema=DELIVERY_KEY,
    )
    parts = (outputs.part_path(plan.silver.folder, number) for number in range(plan.silver.parts))
    incoming = pl.concat(
        pl.read_parquet(read_checked(part), columns=["delivery", "line_id"]).join(
            keys, on="delivery", how="inner"
        )
        for part in parts
    )
    withdrawn = loaded.join(incoming, on=["delivery_key", "line_id"], how="anti")
    refusals: list[ReplacementRefused] = []
    for key, delivery in replacements.items():
        delivery.withdrawn = withdrawn.filter(pl.col("delivery_key") == key).height
        before = loaded.filter(pl.col("delivery_key") == key).height
        if not replace_anyway and delivery.withdrawn > max(GUARD_LINES, GUARD_SHARE * before):
            del plan.deliveries[delivery.quality.name]
            withdrawn = withdrawn.filter(pl.col("delivery_key") != key)
            refusals.append(_refusal(delivery, before))
    return withdrawn, refusals


def _refusal(delivery: DeliveryLoad, lines_before: int) -> ReplacementRefused:
    return ReplacementRefused(
        f"this replacement would withdraw {delivery.withdrawn} of the {lines_before} lines of its earlier content, "
        "more than a tenth. The earlier content stays.",
        "If the file is right, run again with --replace.",
        delivery=delivery.quality.name,
        withdrawn=delivery.withdrawn,
        held=lines_before,
    )
