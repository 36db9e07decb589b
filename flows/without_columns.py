"""Deliveries of a feed that were read without columns that count from now on, and have not come again since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.run_context import RunContext
from tasks.outside_text import first_names

if TYPE_CHECKING:
    from flows.pipeline import PipelineResult

# Outcomes after which the ledger has the delivery as it is read now, or not any more.
_SETTLED = frozenset({"loaded", "replaced", "unchanged", "withdrawn"})
_SHOWN = 5


def without_columns(context: RunContext, result: PipelineResult) -> tuple[str, ...]:
    """Return the names of the loaded deliveries whose currency, store and line number still are passed over."""
    settled = {delivery.name for delivery in result.deliveries if delivery.outcome in _SETTLED}
    return tuple(sorted(context.known.without_columns - settled))


def without_columns_note(feed: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Say which deliveries these are, and what to do; nothing if there are none."""
    if not names:
        return ()
    which = "1 delivery" if len(names) == 1 else f"{len(names):,} deliveries"
    return (
        f"{which} of feed {feed} without the currency, store and line number of their lines: {first_names(names, _SHOWN)}. Load them again "
        "with --replace; until then, a sale that another delivery has with its store counts twice.",
    )
