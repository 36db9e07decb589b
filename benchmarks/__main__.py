"""``python -m benchmarks``: compare the flow with psql, dlt and dbt, and write docs/performance.md."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks import loading
from benchmarks.data import Data, write_data
from benchmarks.document import render
from benchmarks.link_command import LinkOptions, measure_link, write_section
from benchmarks.link_document import find_section
from benchmarks.link_results import LinkResults
from benchmarks.link_rounds import LOADERS
from benchmarks.machine import describe_machine, versions
from benchmarks.rounds import Benchmark, Round, worker_process
from benchmarks.server import Server
from benchmarks.tls_cluster import find_programs
from tasks.postgres.embedded.server import EmbeddedServer

_DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
_QUICK_DAYS = 30


def main() -> int:
    """Run the command line."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: at least 1")
    document = arguments.output or (None if arguments.quick else _DOCUMENT)
    if arguments.render:
        write_section(LinkResults.read(arguments.render), arguments.output or _DOCUMENT)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="retail-benchmark-", dir=arguments.folder))
    # Started by root, the server runs as another user, who needs access.
    folder.chmod(0o755)
    try:
        log = _start_log()
        log("writing the files")
        with worker_process(loading.isolate_prefect, folder / "prefect-fresh") as pool:
            days = arguments.days or (_QUICK_DAYS if arguments.quick else None)
            data = pool.submit(write_data, folder / "data", days).result()
        if arguments.link:
            _run_link(arguments, data, folder, document, log)
        else:
            _run(arguments, data, folder, document, log)
    finally:
        shutil.rmtree(folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default 5)")
    parser.add_argument(
        "--quick", action="store_true", help="one round on 30 days, as a smoke test; writes no file"
    )
    parser.add_argument("--days", type=int, help="load only the first DAYS days")
    parser.add_argument("--output", type=Path, help="output document (default docs/performance.md)")
    parser.add_argument("--json", type=Path, help="also write all figures of all rounds to this file")
    parser.add_argument(
        "--folder", type=Path, help="parent of the temporary folder (needs 4 GB on a local disk)"
    )
    link = parser.add_argument_group("over a link")
    link.add_argument("--link", action="store_true", help="measure the loads at several distances instead")
    link.add_argument(
        "--distances",
        type=int,
        nargs="+",
        default=[0, 20, 50, 100],
        metavar="MS",
        help="round trips in milliseconds, 0 for loopback (default 0 20 50 100)",
    )
    link.add_argument(
        "--rate", type=float, default=100, metavar="MBIT", help="megabits per second each way (default 100)"
    )
    link.add_argument(
        "--loaders", nargs="+", choices=LOADERS, default=LOADERS, help="who loads (default all)"
    )
    link.add_argument("--postgres", type=Path, help="folder of the programs of a Postgres with TLS")
    link.add_argument("--dbt", type=Path, metavar="PYTHON", help="Python of an environment that has dbt")
    link.add_argument(
        "--render", type=Path, metavar="FILE", help="write the document from figures that --json saved"
    )
    return parser


def _start_log() -> Callable[[str], None]:
    started = time.monotonic()

    def log(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)

    return log


def _run_link(
    arguments: argparse.Namespace,
    data: Data,
    folder: Path,
    document: Path | None,
    log: Callable[[str], None],
) -> None:
    options = LinkOptions(
        rounds=1 if arguments.quick else arguments.rounds,
        distances=arguments.distances,
        megabits=arguments.rate,
        loaders=arguments.loaders,
        postgres=arguments.postgres or find_programs(),
        dbt=arguments.dbt,
    )
    results = measure_link(options, data, folder, log)
    if arguments.json:
        results.write(arguments.json)
    if document:
        write_section(results, document)


def _run(
    arguments: argparse.Namespace,
    data: Data,
    folder: Path,
    document: Path | None,
    log: Callable[[str], None],
) -> None:
    machine = describe_machine()
    server = Server(EmbeddedServer(folder))
    log("starting Postgres and Prefect")
    server.start()
    try:
        rounds = _measure(server, data, folder, 1 if arguments.quick else arguments.rounds, log)
        programs = versions(server.sql("show server_version"))
    finally:
        server.stop()
    if arguments.json:
        arguments.json.write_text(
            json.dumps([asdict(figures) for figures in rounds], indent=1) + "\n", encoding="utf-8"
        )
    section = find_section(document.read_text(encoding="utf-8")) if document and document.exists() else ""
    text = render(rounds, data, machine, programs, section)
    if document:
        document.write_text(text, encoding="utf-8")
    print(text)


def _measure(server: Server, data: Data, folder: Path, count: int, log: Callable[[str], None]) -> list[Round]:
    benchmark = Benchmark(server, data, folder, log)
    try:
        benchmark.warm_up()
        rounds = []
        for number in range(1, count + 1):
            log(f"round {number} of {count}")
            rounds.append(benchmark.measure_round())
    finally:
        benchmark.close()
    return rounds


if __name__ == "__main__":
    sys.exit(main())
