"""Whatever deliveries a warehouse loaded before codes were normalised: brought along, it is as if it loaded them now."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load_lock import locked_transaction
from tasks.warehouse.migrate import migrate
from tasks.warehouse.schema.codes.bring_along import bring_codes_along
from tests.support.marked_deliveries import Line, write
from tests.support.plain_run import assert_accounted, run, state, take_out
from tests.support.slow import slow_but

INVOICES = ("700001", "\ufeff700001", "700001.0", "c700001\u200b", "C700001", "70\u00ad0002.0", "700003")
# As revision 0023 does later: kinds follow the codes as they are by then.
KINDS = """
update retail_dwh.fact_sale as f
set
    kind = case when i.invoice_type = 'cancellation' then 'return' else 'sale' end,
    is_merchandise = p.is_merchandise
from retail_dwh.dim_invoice as i, retail_dwh.dim_product as p
where i.invoice_key = f.invoice_key and p.product_key = f.product_key
"""
PRODUCTS = ("7", "7.0", "\u200b7", "post", "po\u2060st", "S1")


def _deliveries(seed: int) -> dict[str, list[Line]]:
    """Some deliveries of few different lines, so that many are equal, in a delivery and between deliveries."""
    chance = random.Random(seed)

    def line() -> Line:
        quantity, price = chance.choice("12"), chance.choice(["0", "2.5"])
        description = chance.choice(["Mug", "Bowl", None])
        number, code = chance.choice(INVOICES), chance.choice(PRODUCTS)
        return (number, code, description, quantity, "2025-01-05 10:00:00", price, "101", "France")

    return {f"{number}.csv": [line() for _ in range(chance.randint(1, 40))] for number in range(6)}


async def _load(
    warehouse: ConnectionSettings, folder: Path, lines: dict[str, list[Line]], drop: bool
) -> None:
    write(folder, {"day": lines})
    await run(
        warehouse,
        folder.parent / "workspace" / folder.name,
        [folder / "day"],
        root=str(folder / "day"),
        identical_lines="drop" if drop else "keep",
    )


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
@pytest.mark.parametrize("drop", slow_but([True], [False, True]), ids=["keep", "drop"])
async def test_any_deliveries(
    warehouse: ConnectionSettings,
    empty: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    drop: bool,
    seed: int,
) -> None:
    await migrate(empty)
    lines = _deliveries(seed)
    with monkeypatch.context() as earlier_release:
        earlier_release.setattr(
            "tasks.validate.normalise.normalise_code", lambda text: text.str.to_uppercase()
        )
        for names in (("3.csv", "4.csv", "5.csv"), ("0.csv", "1.csv", "2.csv")):
            await _load(empty, tmp_path / names[0], {name: lines[name] for name in names}, drop)
    await _load(warehouse, tmp_path / "now", lines, drop)
    assert await state(empty) != await state(warehouse)

    async with connected(empty) as connection, locked_transaction(connection, empty):
        await bring_codes_along(connection)
        await connection.execute(KINDS)
    await assert_accounted(empty)
    assert await state(empty) == await state(warehouse)

    again = {f"again {name}": lines[name] for name in ("0.csv", "4.csv")}
    await _load(empty, tmp_path / "again", again, drop)
    for name in ("0.csv", "again 0.csv"):
        await take_out(empty, name)
    await take_out(warehouse, "0.csv")
    await assert_accounted(empty)
    assert await state(empty) == await state(warehouse)
