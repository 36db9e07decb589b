"""What replacements take out, and the guard against those that would take out too much."""

from __future__ import annotations

import polars as pl

from tasks.errors import ReplacementRefused, printable
from tasks.ingest import workspace
from tasks.warehouse.withdraw import HELD, held_lines
from tasks.warehouse.work import Load, Work

# A replacement that takes out more than this share of a delivery's lines, and more than this many, is
# more likely a truncated file than a correction.
GUARD_SHARE = 0.1
GUARD_LINES = 20
# By these words a report is told apart from one of the quality gate.
GUARD_WORDS = "this replacement would take out"


async def lost_lines(this: Load, replace_anyway: bool) -> tuple[pl.DataFrame, list[ReplacementRefused]]:
    """The lines that replacements no longer have (columns as in ``HELD``), and the replacements refused.

    One that would take out too many lines leaves the load's work, unless ``replace_anyway``.
    """
    replaced = {one.key: one for one in this.work.values() if one.replaces}
    if not replaced:  # the look would read all facts while their indexes are missing
        return pl.DataFrame(schema=HELD), []
    held = await held_lines(this.connection, list(replaced))
    if not held.height:
        return held, []
    keys = pl.DataFrame(
        {"delivery": [one.judged.name for one in replaced.values()], "delivery_key": list(replaced)},
        schema={"delivery": pl.String, "delivery_key": pl.Int32},
    )
    incoming = (
        pl.scan_parquet([workspace.part(this.silver.folder, number) for number in range(this.silver.parts)])
        .select("delivery", "line_id")
        .join(keys.lazy(), on="delivery", how="inner")
        .collect()
    )
    gone = held.join(incoming, on=["delivery_key", "line_id"], how="anti")
    refused: list[ReplacementRefused] = []
    for key, one in replaced.items():
        one.withdrawn = gone.filter(pl.col("delivery_key") == key).height
        before = held.filter(pl.col("delivery_key") == key).height
        if not replace_anyway and one.withdrawn > GUARD_LINES and one.withdrawn > GUARD_SHARE * before:
            del this.work[one.judged.name]
            gone = gone.filter(pl.col("delivery_key") != key)
            refused.append(_refused(one, before))
    return gone, refused


def _refused(one: Work, before: int) -> ReplacementRefused:
    return ReplacementRefused(
        f"{printable(one.judged.name)}: {GUARD_WORDS} {one.withdrawn} of the {before} lines that the "
        "delivery brought before, more than a tenth. What is there stays. If the file is right, run again with "
        "--replace.",
        delivery=one.judged.name,
        withdrawn=one.withdrawn,
        held=before,
    )
