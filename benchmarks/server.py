"""The embedded Postgres of a benchmark: a separate cluster with the configuration that users get."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from tasks.postgres.embedded.server import OWNER, SUPERUSER, EmbeddedServer

_TIMEOUT_SECONDS = 900
_FLAT = (
    "create table flat (invoice_no text, stock_code text, description text, quantity integer, "
    "invoice_date timestamp, unit_price numeric(18, 4), customer_id double precision, country text)"
)


class Server:
    """The cluster: create, clone and query databases, and time ``\\copy``."""

    def __init__(self, folder: Path) -> None:
        self._embedded = EmbeddedServer(folder)

    def start(self) -> None:
        """Start the server; the first start creates the cluster."""
        self._embedded.start()

    def stop(self) -> None:
        """Stop the server."""
        self._embedded.stop()

    def url(self, database: str) -> str:
        """Database URL for the flow."""
        return f"postgresql://{OWNER}@/{database}?host={quote(str(self._embedded.socket_dir), safe='')}"

    def url_with_host(self, database: str) -> str:
        """Database URL for dlt, which needs the host in the authority and a password, even if unused."""
        return f"postgresql://{OWNER}:unused@{quote(str(self._embedded.socket_dir), safe='')}/{database}"

    def sql(self, *commands: str, database: str = "postgres", user: str = OWNER) -> str:
        """Run SQL or backslash commands in one psql and return its output.

        Raises:
            RuntimeError: psql failed.
        """
        completed = subprocess.run(
            [
                *(str(self._embedded.psql()), "-XqAt", "-v", "ON_ERROR_STOP=1"),
                *("-h", str(self._embedded.socket_dir), "-U", user, "-d", database),
                *(argument for command in commands for argument in ("-c", command)),
            ],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
            cwd="/",
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

    def copy_seconds(self, csv: Path, database: str) -> float:
        r"""Time ``\copy`` of a CSV into one flat table without an index, including the start of psql."""
        self.sql("drop table if exists flat", _FLAT, database=database)
        self.flush()
        started = time.perf_counter()
        self.sql(f"\\copy flat from '{csv}' (format csv, header)", database=database)
        return time.perf_counter() - started
