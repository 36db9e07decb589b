"""Loads over a link: every load once at every distance, in sequence, so that all of them run on the same machine state."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

from benchmarks import loading, peers
from benchmarks.data import DAY_KNOWN, DAY_LINES, Data
from benchmarks.link import Counts, Link
from benchmarks.rounds import worker_process
from benchmarks.server import Address, Server
from benchmarks.star_peer import Dbt

_TIMEOUT_SECONDS = 1800
_MEGABIT = 125_000
Loader = Literal["flow", "psql", "dlt_adbc", "dlt_arrow", "dlt_rows", "dlt_dbt"]
LOADERS: tuple[Loader, ...] = get_args(Loader)
_METHODS: dict[Loader, peers.Method] = {"dlt_adbc": "adbc", "dlt_arrow": "arrow", "dlt_rows": "rows"}
Job = Literal["full", "nothing new", "day"]
_Result = TypeVar("_Result")
_NEW_LINES = DAY_LINES - DAY_KNOWN
# The same numbers whichever way the star was built; the keys differ.
_TOTALS = """
select count(*), sum(total_amount), trim_scale(sum(quantity)::numeric), count(distinct line_id), count(distinct product_key),
    count(distinct customer_key), count(distinct country_key), count(distinct invoice_key), count(distinct date_key)
from {schema}.fact_sale
"""
_PRODUCTS = """
select count(*), md5(string_agg(concat_ws('|', stock_code, description, is_merchandise), '/' order by stock_code collate "C"))
from {schema}.dim_product
"""


@dataclass(frozen=True)
class Measurement:
    """One load: who loaded what, in which time, and what went over the link (nothing if there was none)."""

    loader: Loader
    job: Job
    seconds: float
    counts: Counts


@dataclass(frozen=True)
class _Route:
    """How clients reach the server: over a link, or directly."""

    address: Address
    link: Link | None

    def measure(self, loader: Loader, job: Job, load: Callable[[], float]) -> Measurement:
        """Run ``load``, which returns its seconds."""
        before = self.link.counts() if self.link else Counts()
        seconds = load()
        after = self.link.counts() if self.link else Counts()
        return Measurement(loader, job, seconds, after - before)


class LinkBenchmark:
    """Databases and processes that the rounds share. ``log`` gets each figure once it is measured."""

    def __init__(
        self, server: Server, data: Data, folder: Path, dbt: Path, log: Callable[[str], None]
    ) -> None:
        """Start the processes; ``dbt`` is the Python of dbt's environment."""
        self._server = server
        self._data = data
        self._folder = folder
        self._log = log
        self._stack = ExitStack()
        self._flow = self._stack.enter_context(worker_process(loading.isolate_prefect, folder / "prefect"))
        self._dlt = self._stack.enter_context(worker_process(peers.isolate_dlt, folder / "dlt"))
        self._dbt = self._stack.enter_context(Dbt(dbt, folder / "dbt"))

    def close(self) -> None:
        """Stop the child processes, and with them the Prefect server."""
        self._stack.close()

    def measure(
        self, distance: int, megabits: float, loaders: Sequence[Loader] = LOADERS
    ) -> list[Measurement]:
        """Run the loads with TLS, ``distance`` milliseconds (a round trip) from the server.

        Args:
            distance: 0 for no link: over loopback, at its speed.
            megabits: Rate of the line in megabits per second, in each direction.
            loaders: Who loads.

        Raises:
            RuntimeError: a load has the wrong number of lines, or the stars differ.
        """
        if not distance:
            return self._run(_Route(self._server.address("require"), None), loaders, "loopback")
        link = Link(("127.0.0.1", self._server.port), delay=distance / 2000, rate=megabits * _MEGABIT)
        with link:
            route = _Route(Address(link.port, "require"), link)
            return self._run(route, loaders, f"{distance} ms")

    def count(self, loaders: Sequence[Loader] = LOADERS) -> list[Measurement]:
        """Run the loads without TLS over a link that counts by the messages; their seconds mean nothing.

        Raises:
            RuntimeError: a load has the wrong number of lines, or the stars differ.
        """
        with Link(("127.0.0.1", self._server.port), reads_messages=True) as link:
            return self._run(_Route(Address(link.port, "disable"), link), loaders, "counting")

    def _run(self, route: _Route, loaders: Sequence[Loader], label: str) -> list[Measurement]:
        loads = {"flow": self._load_flow, "psql": self._load_psql, "dlt_dbt": self._load_star}
        measurements = []
        for loader in loaders:
            load = loads.get(loader) or self._load_dlt(loader)
            for measurement in load(route):
                counts = measurement.counts
                self._log(
                    f"{label:9} {loader:10} {measurement.job:12} {measurement.seconds:7.2f} s "
                    f"{counts.connections:4} connections {counts.turns:5} turns {counts.sent / 1e6:8.2f} MB"
                )
                measurements.append(measurement)
        if "flow" in loaders and "dlt_dbt" in loaders:
            self._compare_stars()
        return measurements

    def _load_flow(self, route: _Route) -> Iterator[Measurement]:
        self._server.create("star")

        def run(source: Path, lines: int) -> float:
            url, workspace = route.address.url("star"), self._folder / "workspace"
            result = self._call(self._flow, loading.run_flow, url, workspace, [source])
            _check_count(result.rows_loaded, lines)
            return result.seconds

        yield route.measure("flow", "full", lambda: run(self._data.days, self._data.lines))
        self._settle("star")
        yield route.measure("flow", "nothing new", lambda: run(self._data.days, 0))
        yield route.measure("flow", "day", lambda: run(self._data.extra_day, _NEW_LINES))

    def _load_psql(self, route: _Route) -> Iterator[Measurement]:
        self._server.create_flat("flat")

        def run(csv: Path) -> float:
            self._server.flush()
            return self._server.append_seconds(csv, "flat", route.address)

        yield route.measure("psql", "full", lambda: run(self._data.whole))
        self._settle("flat")
        yield route.measure("psql", "day", lambda: run(self._data.extra_day))
        self._check_flat("flat", "flat")

    def _load_dlt(self, loader: Loader) -> Callable[[_Route], Iterator[Measurement]]:
        method = _METHODS[loader]

        def load(route: _Route) -> Iterator[Measurement]:
            self._server.create("dlt")
            with self._new_folder("dlt-pipeline") as folder:

                def run(source: Path) -> float:
                    return self._call(self._dlt, peers.load, method, route.address.url("dlt"), folder, source)

                yield route.measure(loader, "full", lambda: run(self._data.days))
                self._settle("dlt")
                yield route.measure(loader, "day", lambda: run(self._data.extra_day))
            self._check_flat("dlt", "benchmark.flat")

        return load

    def _load_star(self, route: _Route) -> Iterator[Measurement]:
        self._server.create("dbt")
        with self._new_folder("dlt-pipeline") as folder, self._new_folder("dbt"):

            def run(source: Path) -> float:
                url = route.address.url("dbt")
                seconds = self._call(self._dlt, peers.load_for_star, url, folder, source)
                return seconds + self._dbt.run(route.address.environment("dbt"))

            yield route.measure("dlt_dbt", "full", lambda: run(self._data.days))
            self._settle("dbt")
            yield route.measure("dlt_dbt", "day", lambda: run(self._data.extra_day))

    def _call(self, pool: ProcessPoolExecutor, load: Callable[..., _Result], *arguments: object) -> _Result:
        self._server.flush()
        return pool.submit(load, *arguments).result(_TIMEOUT_SECONDS)

    @contextmanager
    def _new_folder(self, name: str) -> Iterator[Path]:
        """Yield the path of a folder that does not exist, and delete the folder afterwards."""
        folder = self._folder / name
        try:
            yield folder
        finally:
            if folder.exists():  # a load that failed may not have come to it
                shutil.rmtree(folder)

    def _settle(self, database: str) -> None:
        """Vacuum and analyse, as autovacuum would within a minute, possibly during a measurement."""
        self._server.sql("vacuum (analyze)", database=database)

    def _check_flat(self, database: str, table: str) -> None:
        rows = self._server.sql(f"select count(*) from {table}", database=database)
        _check_count(int(rows), self._data.lines + DAY_LINES)

    def _compare_stars(self) -> None:
        for query in (_TOTALS, _PRODUCTS):
            ours = self._server.sql(query.format(schema="retail_dwh"), database="star")
            theirs = self._server.sql(query.format(schema="star"), database="dbt")
            if ours != theirs:
                raise RuntimeError(f"The star of the flow has {ours}, the one of dbt {theirs}.")


def _check_count(actual: int, expected: int) -> None:
    if actual != expected:
        raise RuntimeError(f"{actual} lines loaded, expected {expected}")
