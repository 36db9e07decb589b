"""The Postgres of a benchmark: a separate cluster with the configuration that users get."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from tasks.postgres.embedded.server import OWNER, SUPERUSER

PASSWORD = "benchmark"
_TIMEOUT_SECONDS = 900
_FLAT = (
    "create table flat (invoice_no text, stock_code text, description text, quantity integer, "
    "invoice_date timestamp, unit_price numeric(18, 4), customer_id double precision, country text)"
)


@dataclass(frozen=True)
class Address:
    """How a client on this machine reaches the server over TCP: a port of its own or of a link, and libpq's ``sslmode``."""

    port: int
    sslmode: str

    def url(self, database: str) -> str:
        """Database URL."""
        return f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1:{self.port}/{database}?sslmode={self.sslmode}"

    def environment(self, database: str) -> dict[str, str]:
        """The same as libpq's environment variables."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": OWNER,
            "PGPASSWORD": PASSWORD,
            "PGDATABASE": database,
            "PGSSLMODE": self.sslmode,
        }


class Cluster(Protocol):
    """A cluster behind a Unix socket; ``EmbeddedServer`` is one."""

    port: int

    @property
    def socket_dir(self) -> Path:
        """Folder of the socket."""

    def start(self) -> object:
        """Start the server; the first start creates the cluster."""

    def stop(self) -> object:
        """Stop the server."""

    def psql(self) -> Path:
        """Path of a psql."""


class Server:
    """A cluster: create, clone and query databases, and time ``\\copy``."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def start(self) -> None:
        """Start the server; the first start creates the cluster."""
        self._cluster.start()

    def stop(self) -> None:
        """Stop the server."""
        self._cluster.stop()

    def url(self, database: str) -> str:
        """Database URL for the flow."""
        return f"postgresql://{OWNER}@/{database}?host={quote(str(self._cluster.socket_dir), safe='')}"

    def url_with_host(self, database: str) -> str:
        """Database URL for dlt, which needs the host in the authority and a password, even if unused."""
        return f"postgresql://{OWNER}:unused@{quote(str(self._cluster.socket_dir), safe='')}/{database}"

    @property
    def port(self) -> int:
        """Port of the socket, and of TCP if the cluster listens there."""
        return self._cluster.port

    def address(self, sslmode: str) -> Address:
        """Address without a link."""
        return Address(self.port, sslmode)

    def sql(self, *commands: str, database: str = "postgres", user: str = OWNER) -> str:
        """Run SQL or backslash commands in one psql and return its output.

        Raises:
            RuntimeError: psql failed.
        """
        address = {"PGHOST": str(self._cluster.socket_dir), "PGPORT": str(self.port)}
        return self._run_psql(commands, {**address, "PGUSER": user, "PGDATABASE": database})

    def _run_psql(self, commands: Sequence[str], address: Mapping[str, str]) -> str:
        completed = subprocess.run(
            [
                *(str(self._cluster.psql()), "-XqAt", "-v", "ON_ERROR_STOP=1"),
                *(argument for command in commands for argument in ("-c", command)),
            ],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
            cwd="/",
            env={**os.environ, **address},
        )
        if completed.returncode != 0:
            raise RuntimeError(f"psql: {completed.stderr.strip()}")
        return completed.stdout.strip()

    def create(self, database: str) -> None:
        """Create ``database``, empty; drop an existing one first."""
        self.drop(database)
        self.sql(f"create database {database}")

    def drop(self, database: str) -> None:
        """Drop ``database`` if it exists."""
        # As the superuser: the owner may not terminate an autovacuum worker that is connected.
        self.sql(f"drop database if exists {database} with (force)", user=SUPERUSER)

    def snapshot(self, database: str, snapshot: str) -> None:
        """Rename ``database`` to the template ``snapshot``.

        Vacuums it first: autovacuum does so within a minute, possibly during a measurement.
        """
        self.sql("vacuum (analyze)", database=database)
        self.sql(f"alter database {database} rename to {snapshot}")

    def clone(self, snapshot: str, database: str) -> None:
        """Create ``database`` as a copy of ``snapshot``; drop an existing one first."""
        self.drop(database)
        self.sql(f"create database {database} template {snapshot} strategy file_copy")

    def flush(self) -> None:
        """Checkpoint and sync, so that earlier writes do not disturb the next measurement."""
        self.sql("checkpoint", user=SUPERUSER)
        os.sync()

    def create_flat(self, database: str) -> None:
        """Create ``database`` with an empty flat table without an index; drop an existing one first."""
        self.create(database)
        self.sql(_FLAT, database=database)

    def copy_seconds(self, csv: Path, database: str) -> float:
        r"""Time ``\copy`` of a CSV into one flat table without an index, including the start of psql."""
        self.sql("drop table if exists flat", _FLAT, database=database)
        self.flush()
        started = time.perf_counter()
        self.sql(_copy(csv), database=database)
        return time.perf_counter() - started

    def append_seconds(self, csv: Path, database: str, address: Address) -> float:
        r"""Time ``\copy`` of a CSV to the end of the flat table over TCP, including the start of psql."""
        started = time.perf_counter()
        self._run_psql([_copy(csv)], address.environment(database))
        return time.perf_counter() - started


def _copy(csv: Path) -> str:
    return f"\\copy flat from '{csv}' (format csv, header)"
