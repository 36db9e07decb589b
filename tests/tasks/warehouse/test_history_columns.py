"""Columns that a feed passed over count in the middle of a history: it ends as a clean load, whatever came before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tests.conftest import open_folder
from tests.support import till_columns
from tests.support.plain_run import assert_accounted, new_run, run, start_run, state, take_out
from tests.support.slices import fresh_warehouse
from tests.support.soak import count, size

_NAMES = ("a.csv", "b.csv", "c.csv")
# Equal sales of two stores, in two currencies, and one without either.
_POOL: tuple[till_columns.Line, ...] = tuple(
    (invoice, "S1", "Mug", "2", "2025-01-04 10:00:00", "4.00", "101", "France", currency, store, "8.00")
    for invoice in ("1", "2")
    for currency, store in (("GBP", "Leeds"), ("GBP", "York"), ("EUR", "York"), ("GBP", ""))
)
_CONTENT = st.lists(st.sampled_from(_POOL), min_size=1, max_size=5)
_CONTENTS = st.fixed_dictionaries(dict.fromkeys(_NAMES, _CONTENT))


@settings(max_examples=size(4, soak=200))
@given(
    before=_CONTENTS,
    after=_CONTENTS,
    given_again=st.lists(st.lists(st.sampled_from(_NAMES), min_size=1, unique=True), min_size=1, max_size=4),
    same=st.sets(st.sampled_from(_NAMES)),
    withdrawn=st.sampled_from(("", *_NAMES)),
    one_batch=st.booleans(),
)
async def test_any_history(
    server: EmbeddedServer,
    template: str,
    before: Mapping[str, Sequence[till_columns.Line]],
    after: Mapping[str, Sequence[till_columns.Line]],
    given_again: Sequence[Sequence[str]],
    same: set[str],
    withdrawn: str,
    one_batch: bool,
) -> None:
    """Deliveries come again in any order, with other content or the same, and one may be withdrawn in between."""
    count("histories with columns taken")
    folder = open_folder("columns-")
    after = {name: before[name] if name in same else lines for name, lines in after.items()}
    old = till_columns.write(folder / "old", {name: tuple(lines) for name, lines in before.items()})
    new = till_columns.write(folder / "new", {name: tuple(lines) for name, lines in after.items()})
    async with fresh_warehouse(server, template) as history, fresh_warehouse(server, template) as clean:
        passed_over: dict[str, Any] = {"store_column": "passed over", "currency_column": "passed over"}
        await _load(history, folder, [old / name for name in _NAMES], old, **passed_over)
        left = set(_NAMES)
        for names in given_again:
            sources = [new / name for name in names]
            batch_bytes = 1_000_000 if one_batch else 1
            await _load(history, folder, sources, new, take_columns=True, batch_bytes=batch_bytes)
            left -= {*names}
            await assert_accounted(history)
            if withdrawn in left:
                await take_out(history, withdrawn, till_columns.FEED)
                left.remove(withdrawn)
            assert (await start_run(history, new_run(), till_columns.FEED)).without_columns == left
        await _load(history, folder, [new / name for name in _NAMES], new)
        await assert_accounted(history)
        await _load(clean, folder, [new], new)
        assert await state(history) == await state(clean)


async def _load(
    warehouse: ConnectionSettings,
    folder: Path,
    sources: Sequence[Path],
    root: Path,
    *,
    take_columns: bool = False,
    batch_bytes: int = 1_000_000,
    **options: Any,
) -> None:
    outcome = await run(
        warehouse,
        folder / "workspace",
        sources,
        feed=till_columns.FEED,
        root=str(root),
        replace_anyway=True,
        take_columns=take_columns,
        batch_bytes=batch_bytes,
        **options,
    )
    assert outcome.failed == ()
