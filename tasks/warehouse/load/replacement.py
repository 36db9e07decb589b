"""What replacements take out, and the guard against those that would take out too much."""

from __future__ import annotations

import polars as pl

from tasks.errors import ReplacementRefused
from tasks.warehouse.load.plan import DeliveryLoad, LoadPlan
from tasks.warehouse.schema.columns import DELIVERY_KEY, HELD
from tasks.warehouse.withdraw import lines_of
from tasks.workspace import outputs

# A replacement that takes out more than this share of a delivery's lines, and more than this many, is
# more likely a truncated file than a correction.
GUARD_SHARE = 0.1
GUARD_LINES = 20


async def withdrawn_lines(
    plan: LoadPlan, replace_anyway: bool
) -> tuple[pl.DataFrame, list[ReplacementRefused]]:
    """The lines that replacements no longer have (columns as in ``HELD``), and the replacements refused.

    One that would take out too many lines leaves the load's work, unless ``replace_anyway``.
    """
    replaced = {one.key: one for one in plan.work.values() if one.replaces}
    if not replaced:  # the look would read all facts while their indexes are missing
        return pl.DataFrame(schema=HELD), []
    held = await lines_of(plan.connection, list(replaced))
    if not held.height:
        return held, []
    keys = pl.DataFrame(
        {"delivery": [one.quality.name for one in replaced.values()], "delivery_key": list(replaced)},
        schema=DELIVERY_KEY,
    )
    incoming = (
        pl.scan_parquet(
            [outputs.part_path(plan.silver.folder, number) for number in range(plan.silver.parts)]
        )
        .select("delivery", "line_id")
        .join(keys.lazy(), on="delivery", how="inner")
        .collect()
    )
    withdrawn = held.join(incoming, on=["delivery_key", "line_id"], how="anti")
    refused: list[ReplacementRefused] = []
    for key, one in replaced.items():
        one.withdrawn = withdrawn.filter(pl.col("delivery_key") == key).height
        before = held.filter(pl.col("delivery_key") == key).height
        if not replace_anyway and one.withdrawn > GUARD_LINES and one.withdrawn > GUARD_SHARE * before:
            del plan.work[one.quality.name]
            withdrawn = withdrawn.filter(pl.col("delivery_key") != key)
            refused.append(_refused(one, before))
    return withdrawn, refused


def _refused(one: DeliveryLoad, before: int) -> ReplacementRefused:
    return ReplacementRefused(
        f"this replacement would withdraw {one.withdrawn} of the {before} lines that the delivery brought "
        "before, more than a tenth.",
        "What is there stays. If the file is right, run again with --replace.",
        delivery=one.quality.name,
        withdrawn=one.withdrawn,
        held=before,
    )
