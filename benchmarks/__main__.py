"""``python -m benchmarks``: compare the flow with psql and dlt, and write docs/performance.md."""

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
from benchmarks.data import write_data
from benchmarks.document import render
from benchmarks.machine import describe_machine, versions
from benchmarks.rounds import Benchmark, Round, worker_process
from benchmarks.server import Server

_DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
_QUICK_DAYS = 30


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default 5)")
    parser.add_argument(
        "--quick", action="store_true", help="one round on 30 days, as a smoke test; writes no file"
    )
    parser.add_argument("--output", type=Path, help="output document (default docs/performance.md)")
    parser.add_argument("--json", type=Path, help="also write all figures of all rounds to this file")
    parser.add_argument(
        "--folder", type=Path, help="parent of the temporary folder (needs 4 GB on a local disk)"
    )
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: at least 1")
    folder = Path(tempfile.mkdtemp(prefix="retail-benchmark-", dir=arguments.folder))
    # Started by root, the server runs as another user, who needs access.
    folder.chmod(0o755)
    server = Server(folder)
    try:
        document, rounds = _measure(
            server, folder, 1 if arguments.quick else arguments.rounds, quick=arguments.quick
        )
    finally:
        server.stop()
        shutil.rmtree(folder)
    if arguments.json:
        arguments.json.write_text(
            json.dumps([asdict(figures) for figures in rounds], indent=1) + "\n", encoding="utf-8"
        )
    if arguments.output or not arguments.quick:
        (arguments.output or _DOCUMENT).write_text(document, encoding="utf-8")
    print(document)
    return 0


def _measure(server: Server, folder: Path, count: int, *, quick: bool) -> tuple[str, list[Round]]:
    started = time.monotonic()

    def log(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)

    machine = describe_machine()
    log("writing the files")
    with worker_process(loading.isolate_prefect, folder / "prefect-fresh") as pool:
        data = pool.submit(write_data, folder / "data", _QUICK_DAYS if quick else None).result()
    log("starting Postgres and Prefect")
    server.start()
    benchmark = Benchmark(server, data, folder, log)
    try:
        benchmark.warm_up()
        rounds = []
        for number in range(1, count + 1):
            log(f"round {number} of {count}")
            rounds.append(benchmark.measure_round())
    finally:
        benchmark.close()
    return render(rounds, data, machine, versions(server.sql("show server_version"))), rounds


if __name__ == "__main__":
    sys.exit(main())
