"""``python -m benchmarks --link``: the loads at several distances from the server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import Data
from benchmarks.link_document import PICTURE, insert_section, render_picture, render_section
from benchmarks.link_results import LinkResults, measure_rounds
from benchmarks.link_rounds import LinkBenchmark, Loader
from benchmarks.machine import describe_machine, versions
from benchmarks.server import Server
from benchmarks.star_peer import dbt_versions, install_dbt
from benchmarks.tls_cluster import TlsCluster


@dataclass(frozen=True)
class LinkOptions:
    """What to measure.

    Attributes:
        rounds: Number of rounds.
        distances: Round trips in milliseconds; 0 for loopback without a link.
        megabits: Rate of the line in each direction.
        loaders: Who loads.
        postgres: Folder of the programs of a Postgres with TLS.
        dbt: Python of an environment with dbt; None to install one.
    """

    rounds: int
    distances: Sequence[int]
    megabits: float
    loaders: Sequence[Loader]
    postgres: Path
    dbt: Path | None


def measure_link(options: LinkOptions, data: Data, folder: Path, log: Callable[[str], None]) -> LinkResults:
    """Run the benchmark over a link."""
    machine = describe_machine()
    dbt = options.dbt
    if dbt is None:
        log("installing dbt")
        dbt = install_dbt(folder / "dbt-environment")
    log("starting Postgres and Prefect")
    server = Server(TlsCluster(folder / "postgres", options.postgres, _free_port()))
    server.start()
    try:
        benchmark = LinkBenchmark(server, data, folder, dbt, log)
        try:
            log("counting, which also starts everything once")
            counted = benchmark.count(options.loaders)
            rounds = measure_rounds(
                options.rounds,
                options.distances,
                lambda distance: benchmark.measure(distance, options.megabits, options.loaders),
                log,
            )
        finally:
            benchmark.close()
        programs = {**versions(server.sql("show server_version")), **dbt_versions(dbt)}
    finally:
        server.stop()
    return LinkResults(rounds, counted, options.megabits, data.lines, data.files, machine, programs)


def write_section(results: LinkResults, document: Path) -> None:
    """Write the section into the document and the picture beside it."""
    text = document.read_text(encoding="utf-8") if document.exists() else "# Performance\n"
    document.write_text(insert_section(text, render_section(results)), encoding="utf-8")
    if set(results.loads) >= {("flow", "full"), ("flow", "day")}:
        document.with_name(PICTURE).write_text(render_picture(results), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
