"""After any history of a shop's own exports, read by its mapping, a warehouse equals one clean load."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import astuple, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ingest.discover import BATCH_BYTES
from tasks.ingest.readers import parquet, parts
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.plain_run import Outcome, assert_accounted, run, state, take_out
from tests.support.shop_export import Content, contents, mapping, receipts, write_export
from tests.support.shop_lines import KINDS, Account, account_of, facts_of
from tests.support.slices import fresh_warehouse
from tests.support.soak import count, size

_NAMES = ("a.csv", "b.csv", "c.parquet")
_FACTS = """
select i.invoice_no, to_char(l.sold_at_local, 'YYYY-MM-DD HH24:MI:SS'), p.stock_code, f.kind, c.customer_number, f.store,
    f.source_line, f.currency, f.quantity, f.unit_price, f.total_amount, f.copy_number, f.attributes::text,
    f.invoice_attributes::text, f.discount_amount
from retail_dwh.fact_sale f
join retail_dwh.dim_invoice i using (invoice_key) join retail_dwh.dim_product p using (product_key)
join retail_dwh.dim_customer c using (customer_key)
cross join lateral (select f.sold_at at time zone i.timezone as sold_at_local) l
"""
_SUMS = "select currency, kind, count(*), sum(quantity), sum(total_amount) from retail_dwh.fact_sale group by 1, 2"
_DAILY = """
select currency, sum(lines), coalesce(sum(revenue), 0), coalesce(sum(tips), 0), sum(discounts)
from retail_dwh.daily_sales group by 1
"""
_INVOICES = "select invoice_no, invoice_type from retail_dwh.dim_invoice"
_LEDGER = """
select name, rows_in, rows_loaded + rows_duplicate as rows_read, rows_quarantined, rows_passed_over, passed_over
from retail_ops.delivery
"""


@dataclass(frozen=True)
class Deliver:
    """A load of some deliveries, in one batch or one after the other."""

    contents: tuple[tuple[str, Content], ...]
    one_batch: bool
    finished: bool


@dataclass(frozen=True)
class Withdraw:
    """The withdrawal of a delivery, if there is one."""

    place: int


@dataclass(frozen=True)
class History:
    """Steps; whether the shop's mapping reads prices of pieces or amounts of lines; and whether each delivery is split."""

    by_piece: bool
    in_parts: bool
    steps: tuple[Deliver | Withdraw, ...]


@st.composite
def _histories(draw: st.DrawFn) -> History:
    deliver = st.builds(
        Deliver,
        contents=st.dictionaries(
            st.sampled_from(_NAMES), contents(draw(receipts())), min_size=1, max_size=3
        ).map(lambda contents: tuple(contents.items())),
        one_batch=st.booleans(),
        finished=st.booleans(),
    )
    step = st.one_of(deliver, deliver, deliver, st.builds(Withdraw, st.integers(0, 2)))
    return History(
        draw(st.booleans()), draw(st.booleans()), tuple(draw(st.lists(step, min_size=2, max_size=5)))
    )


class _Shop:
    """The shop's folder of exports and what its deliveries hold."""

    def __init__(self, folder: Path, *, by_piece: bool) -> None:
        self._folder, self.by_piece = folder, by_piece
        self.contents: dict[str, Content] = {}

    async def play(self, warehouse: ConnectionSettings, step: Deliver | Withdraw) -> None:
        if isinstance(step, Withdraw):
            if self.contents:
                name = sorted(self.contents)[step.place % len(self.contents)]
                await take_out(warehouse, name)
                del self.contents[name]
            return
        given = {str(write_export(self._folder / name, content)): content for name, content in step.contents}
        self.contents |= given
        await self.load(
            warehouse, *given, batch_bytes=BATCH_BYTES if step.one_batch else 1, finished=step.finished
        )

    async def load(
        self,
        warehouse: ConnectionSettings,
        *names: str,
        workspace: str = "workspace",
        batch_bytes: int = BATCH_BYTES,
        finished: bool = True,
    ) -> Outcome:
        outcome = await run(
            warehouse,
            self._folder.parent / workspace,
            names,
            replace_anyway=True,
            accept_known_bytes=True,
            batch_bytes=batch_bytes,
            finished=finished,
            mapping=mapping(by_piece=self.by_piece),
            customers="codes",
        )
        assert outcome.failed == ()
        return outcome

    async def assert_exactly(self, warehouse: ConnectionSettings) -> None:
        """Assert that the warehouse has what the deliveries hold: facts, sums, views and the ledger."""
        await assert_accounted(warehouse)
        async with connected(warehouse) as connection:
            facts, sums, daily, invoices, ledger = [
                [tuple(row) for row in await connection.fetch(query)]
                for query in (_FACTS, _SUMS, _DAILY, _INVOICES, _LEDGER)
            ]
        expected = facts_of(self.contents.values(), by_piece=self.by_piece)
        assert Counter(facts) == Counter(
            (*astuple(sold), copy_number, *astuple(details))
            for (sold, copy_number), details in expected.items()
        )
        by_kind: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
        discounts: dict[str, Decimal] = defaultdict(Decimal)
        for (sold, _), details in expected.items():
            one = by_kind[sold.currency, sold.kind]
            one[:] = (one[0] + 1, one[1] + sold.quantity, one[2] + sold.total_amount)
            discounts[sold.currency] += details.discount_amount or 0
        assert {(currency, kind): rest for currency, kind, *rest in sums} == by_kind
        assert {row[0]: row[1:] for row in daily} == {
            currency: (
                sum(by_kind[currency, kind][0] for kind in KINDS.values()),
                by_kind[currency, "sale"][2] + by_kind[currency, "return"][2],
                by_kind[currency, "tip"][2],
                discount,
            )
            for currency, discount in discounts.items()
        }
        sold_by = {sold.invoice_no for sold, _ in expected if sold.kind != "return"}
        assert sorted(invoices) == [
            (number, "sale" if number in sold_by else "cancellation")
            for number in sorted({sold.invoice_no for sold, _ in expected})
        ]
        self._assert_ledger(ledger)

    def _assert_ledger(self, ledger: list[tuple[Any, ...]]) -> None:
        told: dict[str, Account] = {}
        for name, rows_in, rows_read, quarantined, rows_passed_over, passed_over in ledger:
            assert rows_in == rows_read + quarantined + rows_passed_over
            reasons = {
                reason: (one["rows"], {code: Decimal(text) for code, text in one["amounts"].items()})
                for reason, one in json.loads(passed_over).items()
            }
            told[name] = Account(rows_in, rows_read, quarantined, reasons)
        assert told == {
            name: account_of(content, by_piece=self.by_piece) for name, content in self.contents.items()
        }


async def _check(
    server: EmbeddedServer, template: str, factory: pytest.TempPathFactory, history: History
) -> None:
    count("histories of mapped exports")
    shop = _Shop(factory.mktemp("history") / "exports", by_piece=history.by_piece)
    async with fresh_warehouse(server, template) as warehouse, fresh_warehouse(server, template) as clean:
        with pytest.MonkeyPatch.context() as patch:
            if history.in_parts:
                patch.setattr(parts, "ROWS_PER_PART", 3)
                patch.setattr(parquet, "ROWS_PER_PART", 3)
            for step in history.steps:
                await shop.play(warehouse, step)
        await shop.assert_exactly(warehouse)
        after = await state(warehouse)
        if shop.contents:
            await shop.load(clean, *sorted(shop.contents), workspace="clean")
            again = await shop.load(warehouse, *sorted(shop.contents))
            assert again.loaded == ()
        assert await state(clean) == after
        assert await state(warehouse) == after


@settings(max_examples=size(2, soak=1))
@given(history=_histories())
async def test_a_few_histories_of_mapped_exports_equal_a_clean_load(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory, history: History
) -> None:
    await _check(server, template, tmp_path_factory, history)


@pytest.mark.slow
@settings(max_examples=size(60, soak=400))
@given(history=_histories())
async def test_any_history_of_mapped_exports_equals_a_clean_load(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory, history: History
) -> None:
    await _check(server, template, tmp_path_factory, history)
