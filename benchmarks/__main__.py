"""``python -m benchmarks``: measure the flow beside psql and dlt, and write docs/performance.md."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks import loading
from benchmarks.data import write
from benchmarks.document import document
from benchmarks.machine import machine, versions
from benchmarks.rounds import Bench, Round, child
from benchmarks.server import Server

_PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_QUICK_DAYS = 30


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (default 5)")
    parser.add_argument(
        "--quick", action="store_true", help="one round on 30 days, written nowhere: does the benchmark work?"
    )
    parser.add_argument("--output", type=Path, help="the page to write (default docs/performance.md)")
    parser.add_argument("--json", type=Path, help="also write every figure of every round to this file")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made (4 GB, a local disk)")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds: at least 1")
    folder = Path(tempfile.mkdtemp(prefix="retail-benchmark-", dir=chosen.folder))
    # Started by root, the server runs as a user who has to get in.
    folder.chmod(0o755)
    server = Server(folder)
    try:
        page, rounds = _measure(server, folder, 1 if chosen.quick else chosen.rounds, quick=chosen.quick)
    finally:
        server.stop()
        shutil.rmtree(folder)
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(one) for one in rounds], indent=1) + "\n", encoding="utf-8")
    if chosen.output or not chosen.quick:
        (chosen.output or _PAGE).write_text(page, encoding="utf-8")
    print(page)
    return 0


def _measure(server: Server, folder: Path, count: int, *, quick: bool) -> tuple[str, list[Round]]:
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", file=sys.stderr, flush=True)

    where = machine()
    tell("writing the files")
    with child(loading.quieten, folder / "prefect-fresh") as pool:
        data = pool.submit(write, folder / "data", _QUICK_DAYS if quick else None).result()
    tell("starting Postgres and Prefect")
    server.start()
    bench = Bench(server, data, folder, tell)
    try:
        bench.warm_up()
        rounds = []
        for number in range(1, count + 1):
            tell(f"round {number} of {count}")
            rounds.append(bench.round())
    finally:
        bench.close()
    return document(rounds, data, where, versions(server.sql("show server_version"))), rounds


if __name__ == "__main__":
    sys.exit(main())
