"""Generate the screenshots of the API's pages: ``python docs/make_pages_pictures.py``.

Runs load the first weeks of the bundled data, some lines of them made faulty, into an embedded Postgres of its own; the
runs are then dated one day apart. Needs Chromium and age-keygen (Debian packages ``chromium`` and ``age``).
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
from make_pictures import PICTURES, _free_port, _wait_for
from playwright.sync_api import Browser, sync_playwright

from api.passwords import hash_password
from blocks import lookup
from flows.demo import BUNDLED
from tasks.postgres.connect import connected

PASSWORD = "pictures"
RETAIL = str(Path(sys.executable).with_name("retail"))
# Name of the picture, address, width, height, dark.
PICTURES_OF_PAGES = (
    ("page-overview", "/", 1180, 880, False),
    ("page-overview-dark", "/", 1180, 880, True),
    ("page-quality", "/quality?feed=default", 1180, 1000, False),
    ("page-quality-dark", "/quality?feed=default", 1180, 1000, True),
    ("page-deliveries", "/deliveries?feed=default", 1180, 1000, False),
    ("page-deliveries-dark", "/deliveries?feed=default", 1180, 1000, True),
    ("page-backups", "/backups", 1180, 460, False),
    ("page-backups-dark", "/backups", 1180, 460, True),
    ("page-run", "RUN", 1180, 1000, False),
    ("page-run-dark", "RUN", 1180, 1000, True),
    ("page-phone", "/quality?feed=default", 390, 844, False),
    ("page-phone-dark", "RUN", 390, 844, True),
)
_SHIFT = """
update retail_ops.{table} set {column} = {column} - make_interval(days => $2)
where run_id = $1
"""


def make_files(folder: Path) -> list[list[Path]]:
    """Write deliveries of the bundled data, a file a day of trade, and return those of each run."""
    lines = pl.read_parquet(BUNDLED).with_columns(day=pl.col("InvoiceDate").str.head(10))
    days = lines["day"].unique().sort()[:24].to_list()
    chance = random.Random(7)
    files = []
    for number, day in enumerate(days):
        frame = lines.filter(pl.col("day") == day).drop("day")
        share = chance.choice((0.0, 0.002, 0.004, 0.012)) if number != 17 else 0.2
        files.append(_with_faults(frame, share, chance, folder / "till" / f"{day}.csv"))
    return [files[start : start + 3] for start in range(0, len(files), 3)]


def _with_faults(frame: pl.DataFrame, share: float, chance: random.Random, path: Path) -> Path:
    rows = frame.rows()
    quantity, price, invoice = (frame.columns.index(n) for n in ("Quantity", "UnitPrice", "InvoiceNo"))
    for number, row in enumerate(rows):
        if chance.random() < share:
            column, value = chance.choice(
                ((quantity, "six"), (price, "2,55"), (price, "1.99999"), (invoice, None), (quantity, "0"))
            )
            rows[number] = (*row[:column], value, *row[column + 1 :])
    path.parent.mkdir(exist_ok=True)
    pl.DataFrame(rows, schema=frame.schema, orient="row").write_csv(path)
    return path


def make_data(folder: Path) -> dict[str, str]:
    """Load the deliveries, make backups and prove one; return the environment of the commands."""
    made = subprocess.run(["age-keygen", "-o", folder / "identity.txt"], check=True, capture_output=True)
    public = made.stderr.decode().split("Public key: ")[1].strip()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "RETAIL_"))},
        "PREFECT_HOME": str(folder / "prefect"),
        "RETAIL_DATA_DIR": str(folder / "data"),
        "RETAIL_VAULT": str(folder / "vault"),
        "RETAIL_VAULT_RECIPIENTS": public,
        "RETAIL_VAULT_IDENTITY": str(folder / "identity.txt"),
        "RETAIL_MANIFEST_KEY": "a key of the pictures",
        "RETAIL_API_USERS": f"ann:viewer:{hash_password(PASSWORD)}",
    }

    def retail(*arguments: str, check: bool = True) -> str:
        print("retail", *arguments, flush=True)
        command = [RETAIL, *arguments]
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if check and done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    for number, files in enumerate(make_files(folder)):
        # One delivery is refused, so that run fails.
        retail("etl", *map(str, files), "--root", str(folder / "till"), check=number != 5)
        if number == 3:
            backup = retail("backup").split()[1][:8]
            retail("prove", backup)
    retail("etl", str(BUNDLED), "--feed", "archive", "--root", str(BUNDLED.parent))
    retail("backup")
    retail("integrity")
    os.environ.update(environment)
    asyncio.run(_date_runs())
    return environment


async def _date_runs() -> None:
    """Date the runs one day apart."""
    settings = await lookup.warehouse_settings("embedded")
    async with connected(settings) as connection:
        runs = await connection.fetch("select run_id from retail_ops.run order by started_at desc")
        for days, run in enumerate(runs):
            for table, column in (
                ("run", "started_at"),
                ("run", "finished_at"),
                ("delivery_attempt", "attempted_at"),
                ("delivery", "loaded_at"),
            ):
                await connection.execute(
                    _SHIFT.format(table=table, column=column), run["run_id"], max(days - 1, 0)
                )


def shoot(browser: Browser, url: str, run: str) -> None:
    """Save the screenshots."""
    for name, path, width, height, is_dark in PICTURES_OF_PAGES:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if is_dark else "light",
            http_credentials={"username": "ann", "password": PASSWORD, "send": "always"},
            device_scale_factor=1,
        )
        page = context.new_page()
        page.goto(url + path.replace("RUN", f"/runs/{run}"))
        page.screenshot(path=PICTURES / f"{name}.png")
        context.close()


def serve_and_shoot(environment: dict[str, str]) -> None:
    """Serve the API, and save the screenshots."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([RETAIL, "api", "--port", str(port)], env=environment)
    query = "select run_id from retail_ops.run where status = 'failed' order by started_at desc limit 1"
    found = subprocess.run(
        [RETAIL, "sql", query], env=environment, check=True, capture_output=True, text=True
    )
    try:
        _wait_for(f"{url}/api/v1/health")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            shoot(browser, url, found.stdout.split()[-1])
            browser.close()
    finally:
        server.terminate()
        server.wait(30)


def main() -> None:
    """Make the data in a temporary folder, and save the screenshots."""
    # Pictures show its name.
    folder = Path(tempfile.gettempdir(), "retail")
    folder.mkdir(mode=0o755)
    try:
        environment = make_data(folder)
        serve_and_shoot(environment)
    finally:
        subprocess.run(
            [RETAIL, "warehouse", "stop"],
            env={**os.environ, "RETAIL_DATA_DIR": str(folder / "data")},
            check=False,
        )
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
