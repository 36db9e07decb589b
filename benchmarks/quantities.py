"""Measure the revision that gives quantities decimals: ``python -m benchmarks.quantities 500000 5000000``.

A new embedded server (default settings) gets a warehouse at the revision before, with made-up lines as wide as the bundled
ones, its keys and indexes; then it is upgraded. Prints for each number of lines the seconds of the upgrade, and the bytes
of the data folder before, at most and after.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from tasks import progress
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import migrate
from tests.support.older_schema import create_schema_at, upgrade_schema_to

_FILL = """
insert into retail_ops.feed (feed, timezone, currency, identical_lines) values ('default', 'Europe/London', 'GBP', 'keep');
insert into retail_ops.run (run_id, started_at, status, parameters, versions)
values (gen_random_uuid(), now(), 'completed', '{{}}', '{{}}');
insert into retail_ops.delivery_attempt (run_id, feed, name, outcome)
select run_id, 'default', 'a.csv', 'loaded' from retail_ops.run;
insert into retail_ops.delivery (
    delivery_key, feed, name, content_hash, reading_settings, run_id, attempt_id, contract_version, rows_in, rows_loaded,
    rows_duplicate, rows_quarantined
)
select 1, 'default', 'a.csv', 'a', '{{}}', run_id, attempt_id, '1', {lines}, {lines}, 0, 0
from retail_ops.delivery_attempt;
insert into retail_dwh.dim_product
select g, 'P' || g, 'A DESCRIPTION OF A PRODUCT', g % 100 > 0, true, now() from generate_series(1, 4000) as g;
insert into retail_dwh.dim_customer select g, 12000 + g from generate_series(1, 4300) as g;
insert into retail_dwh.dim_country select g, 'Country ' || g from generate_series(1, 38) as g;
insert into retail_dwh.dim_invoice
select g, 'default', case when g % 7 = 0 then 'C' else '' end || (500000 + g),
    case when g % 7 = 0 then 'cancellation' else 'sale' end, 'Europe/London'
from generate_series(1, {lines} / 20 + 1) as g;
insert into retail_dwh.fact_sale (
    line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity,
    copy_number, unit_price, total_amount, currency, description
)
select gen_random_uuid(), timestamptz '2011-01-01 10:00Z' + g * interval '5 seconds', 20110101 + g % 28, g % 4000 + 1,
    g / 20 % 4300 + 1, g / 20 % 38 + 1, g / 20 + 1, 1, g, g % 24 + 1, 1, 2.5500, (g % 24 + 1) * 2.5500, 'GBP',
    case when g % 400 > 0 then 'A DESCRIPTION OF A PRODUCT' end
from generate_series(1, {lines}) as g
"""


def _folder_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # removed meanwhile
            continue
    return total


async def _fill(settings: ConnectionSettings, lines: int) -> None:
    await create_schema_at(settings, "0015_reading_settings")
    await upgrade_schema_to(settings, "0022_decimal_of_loaded_feeds")
    async with connected(settings) as connection:
        await connection.execute(_FILL.format(lines=lines))
    await complete_indexes(settings)
    async with connected(settings) as connection:
        await connection.execute("vacuum analyze retail_dwh.fact_sale")


def measure(lines: int) -> None:
    """Measure one number of lines and print its row."""
    folder = Path(tempfile.mkdtemp(prefix="retail-quantities-"))
    folder.chmod(0o755)  # started by root, the server runs as another user
    server = EmbeddedServer(folder)
    settings = server.start()
    try:
        asyncio.run(_fill(settings, lines))
        before = most = _folder_bytes(folder)
        done = threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.2):
                most = max(most, _folder_bytes(folder))

        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.perf_counter()
        with progress.listening(lambda step: print(step.step, step.detail)):
            asyncio.run(migrate(settings))
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
        after = _folder_bytes(folder)
    finally:
        server.stop()
        shutil.rmtree(folder)
    print(
        f"{lines:>10,} lines: {seconds:6.1f} s; MB {before / 1e6:,.0f}, at most {most / 1e6:,.0f}, after {after / 1e6:,.0f}"
    )


if __name__ == "__main__":
    for number in sys.argv[1:]:
        measure(int(number))
