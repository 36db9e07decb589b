"""``python -m benchmarks.backups``: compare backups and restores with pg_dump and pg_restore.

All run in turn in each round, against one server with TLS, zstd and the loaded warehouse. Seconds are of the work in a
process whose imports are done; the programs of Postgres count from their start.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pyrage
from pydantic import SecretStr

from benchmarks.backups_document import write_section
from benchmarks.link import Link
from benchmarks.restores import Restores
from benchmarks.server import PASSWORD
from benchmarks.tls_cluster import TlsCluster
from tasks.backup.catalogue.scope import Scope
from tasks.backup.create import BIG_TABLE_BYTES, BackupRequest, create_backup
from tasks.backup.dump.archive import ArchiveWriter
from tasks.backup.dump.archives import dump_archives, select_archives
from tasks.backup.dump.holder import holding_snapshot, patiently_connected
from tasks.backup.dump.tools import Tools, choose_tools, find_tools
from tasks.backup.keys.encryption import parse_recipients
from tasks.backup.vault.local import LocalVault
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import OWNER, SUPERUSER

_DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
_DATABASE = "warehouse"
# Nine more copies of every line, each a line of its own.
_TEN_TIMES = """
insert into retail_dwh.fact_sale
select gen_random_uuid(), sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no,
    quantity, copy_number, unit_price, total_amount, currency, description
from retail_dwh.fact_sale, generate_series(1, 9)
"""
Work = Callable[[], Awaitable[object]]


class Bench:
    """A loaded warehouse and the programs that back it up."""

    def __init__(self, folder: Path, cluster: TlsCluster, tools: Tools, link: Link | None) -> None:
        """Describe them; ``link`` is the way of the network, None for loopback."""
        self.folder = folder
        self.tools = tools
        self._cluster = cluster
        self.settings = ConnectionSettings(
            host="127.0.0.1",
            port=link.port if link else cluster.port,
            database=_DATABASE,
            user=OWNER,
            password=SecretStr(PASSWORD),
            sslmode="require",
        )
        identity = pyrage.x25519.Identity.generate()
        self.identity_file = folder / "identity.txt"
        self.identity_file.touch(0o600)
        self.identity_file.write_text(f"{identity}\n", encoding="ascii")
        self.recipient = str(identity.to_public())
        self.vault = LocalVault(folder / "vault")

    async def pg_dump(self, compression: str) -> None:
        """Run pg_dump into a file."""
        file = self.folder / f"{compression}.dump"
        await asyncio.to_thread(
            self.run, "pg_dump", "-Fc", "-Z", compression, "-f", str(file), self.dsn(_DATABASE)
        )
        file.replace(self.folder / "last.dump")

    async def archives(self) -> None:
        """Write the archives of a backup: encrypted and hashed, without fingerprints."""
        async with (
            patiently_connected(self.settings) as connection,
            holding_snapshot(connection, self.settings, ()) as holder,
        ):
            recipients = parse_recipients([self.recipient])
            writer = ArchiveWriter(str(uuid4()), self.settings, self.tools, "zstd", self.vault, recipients)
            selections = select_archives(holder.tables, Scope(), (), BIG_TABLE_BYTES)
            await dump_archives(writer, holder, selections, 2)

    async def backup(self) -> None:
        """Make a whole backup."""
        await create_backup(self.settings, self.vault, [self.tools], BackupRequest((self.recipient,), b"key"))

    def dsn(self, database: str) -> str:
        """Address of a database for programs of Postgres."""
        return f"host=127.0.0.1 port={self.settings.port} user={OWNER} dbname={database} sslmode=require"

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of Postgres."""
        subprocess.run(
            [str(self.tools.folder / program), *arguments],
            check=True,
            env={"PATH": os.defpath, "PGPASSWORD": PASSWORD},
            stdout=subprocess.DEVNULL,
        )


async def _measure(
    works: dict[str, Work], before: dict[str, Work], rounds: int, log: Callable[[str], None]
) -> dict[str, list[float]]:
    """Time each work in each round; what stands in ``before`` is done ahead of a work and not timed."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            if name in before:
                await before[name]()
            gc.collect()
            started = time.perf_counter()
            await work()
            seconds[name].append(time.perf_counter() - started)
        log(f"round {number + 1}: " + ", ".join(f"{name} {times[-1]:.2f}" for name, times in seconds.items()))
    return seconds


def _load(cluster: TlsCluster, folder: Path) -> None:
    """Load the bundled data with the flow."""
    url = f"postgresql://{OWNER}@/{_DATABASE}?host={cluster.socket_dir}&port={cluster.port}"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "RETAIL_", "DATABASE_", "PIPELINE_", "SUPABASE_"))
    }
    environment |= {
        "DATABASE_URL": url,
        "RETAIL_DATA_DIR": str(folder),
        "PREFECT_HOME": str(folder / "prefect"),
    }
    command = [sys.executable, "-m", "flows", "etl", "flows/demo/online_retail.parquet"]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backups", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="number of rounds (default 7)")
    parser.add_argument(
        "--times", type=int, choices=(1, 10), default=1, help="copies of the lines (default 1)"
    )
    parser.add_argument("--distance", type=int, default=0, metavar="MS", help="round trip in ms (default 0)")
    parser.add_argument(
        "--rate", type=float, default=100, metavar="MBIT", help="megabits per second over a link"
    )
    parser.add_argument("--json", type=Path, help="also write all figures to this file")
    parser.add_argument(
        "--render",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="write docs/performance.md from files of --json",
    )
    arguments = parser.parse_args()
    if arguments.render:
        write_section([json.loads(file.read_text(encoding="utf-8")) for file in arguments.render], _DOCUMENT)
        return 0
    started = time.monotonic()

    def log(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)

    folder = Path(tempfile.mkdtemp(prefix="retail-backup-benchmark-"))
    folder.chmod(0o755)
    try:
        results = _run(arguments, folder, log)
    finally:
        shutil.rmtree(folder)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(json.dumps(results["medians"]))
    return 0


def _run(arguments: argparse.Namespace, folder: Path, log: Callable[[str], None]) -> dict[str, object]:
    tools = choose_tools(
        [
            tool
            for tool in asyncio.run(find_tools())
            if tool.supports_zstd and (tool.folder / "postgres").exists()
        ],
        15,
        needs_tls=True,
    )
    cluster = TlsCluster(folder / "server", tools.folder, _free_port())
    cluster.start()
    try:
        _psql(cluster, tools, "postgres", f"create database {_DATABASE} owner {OWNER}")
        log("loading")
        _load(cluster, folder / "data")
        if arguments.times > 1:
            _psql(cluster, tools, _DATABASE, _TEN_TIMES)
        _psql(cluster, tools, _DATABASE, "vacuum analyze")
        link = None
        if arguments.distance:
            link = Link(
                ("127.0.0.1", cluster.port), delay=arguments.distance / 2000, rate=arguments.rate * 125_000
            )
            link.__enter__()
        bench = Bench(folder, cluster, tools, link)
        works: dict[str, Work] = {
            "pg_dump zstd": lambda: bench.pg_dump("zstd"),
            "archives": bench.archives,
            "backup": bench.backup,
            "pg_dump gzip": lambda: bench.pg_dump("gzip"),
        }
        restores = Restores(bench, lambda statement: _psql(cluster, tools, "postgres", statement))
        before: dict[str, Work] = {}
        if not arguments.distance:
            asyncio.run(bench.pg_dump("zstd"))
            asyncio.run(restores.back_up())
            works |= {"pg_restore": restores.pg_restore, "restore": restores.restore}
            before = dict.fromkeys(("pg_restore", "restore"), restores.empty_target)
        seconds = asyncio.run(_measure(works, before, arguments.rounds, log))
        if link:
            link.__exit__(None, None, None)
    finally:
        cluster.stop()
    return {
        "times": arguments.times,
        "distance": arguments.distance,
        "rounds": arguments.rounds,
        "postgres": tools.major,
        "seconds": seconds,
        "medians": {name: round(statistics.median(times), 3) for name, times in seconds.items()},
        "peak_mb": round(_peak_mb()),
    }


def _free_port() -> int:
    import socket  # noqa: PLC0415 - used once

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _psql(cluster: TlsCluster, tools: Tools, database: str, script: str) -> None:
    command = [
        str(tools.psql),
        "-XqAt",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        database,
        "-h",
        str(cluster.socket_dir),
    ]
    subprocess.run(
        [*command, "-p", str(cluster.port), "-U", SUPERUSER, "-c", script],
        check=True,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main())
