"""The embedded Postgres of a benchmark: a cluster of its own, with the configuration that users get."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from tasks.postgres.embedded.server import OWNER, SUPERUSER, EmbeddedServer

_SECONDS = 900
_FLAT = (
    "create table flat (invoice_no text, stock_code text, description text, quantity integer, "
    "invoice_date timestamp, unit_price numeric(18, 4), customer_id double precision, country text)"
)


class Server:
    """The cluster, and what a benchmark does with it beside loading."""

    def __init__(self, folder: Path) -> None:
        self._embedded = EmbeddedServer(folder)

    def start(self) -> None:
        """Start the server; its first start makes the cluster."""
        self._embedded.start()

    def stop(self) -> None:
        """Stop the server."""
        self._embedded.stop()

    def url(self, database: str) -> str:
        """The address of a database for the flow."""
        return f"postgresql://{OWNER}@/{database}?host={quote(str(self._embedded.socket_dir), safe='')}"

    def url_with_host(self, database: str) -> str:
        """The same for dlt, which wants the host in its place, and a password even where none is asked."""
        return f"postgresql://{OWNER}:unused@{quote(str(self._embedded.socket_dir), safe='')}/{database}"

    def sql(self, *commands: str, database: str = "postgres", user: str = OWNER) -> str:
        """Run commands (SQL or backslash) in one psql and return what they print. Raises RuntimeError."""
        done = subprocess.run(
            [
                *(str(self._embedded.psql()), "-XqAt", "-v", "ON_ERROR_STOP=1"),
                *("-h", str(self._embedded.socket_dir), "-U", user, "-d", database),
                *(part for command in commands for part in ("-c", command)),
            ],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            cwd="/",
        )
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def create(self, database: str) -> None:
        """Make ``database`` anew, empty."""
        self.drop(database)
        self.sql(f"create database {database}")

    def drop(self, database: str) -> None:
        """Drop ``database`` if it is there."""
        # As the superuser: an autovacuum worker may be at it, which the owner may not end.
        self.sql(f"drop database if exists {database} with (force)", user=SUPERUSER)

    def keep(self, database: str, snapshot: str) -> None:
        """Keep ``database`` as the template ``snapshot``.

        It is vacuumed as autovacuum would do within a minute, which else might fall into a measurement.
        """
        self.sql("vacuum (analyze)", database=database)
        self.sql(f"alter database {database} rename to {snapshot}")

    def clone(self, snapshot: str, database: str) -> None:
        """Make ``database`` anew as a copy of ``snapshot``."""
        self.drop(database)
        self.sql(f"create database {database} template {snapshot} strategy file_copy")

    def settle(self) -> None:
        """Let nothing that was written before disturb what is measured next."""
        self.sql("checkpoint", user=SUPERUSER)
        os.sync()

    def copy_seconds(self, csv: Path, database: str) -> float:
        r"""Time psql's ``\copy`` of a CSV into one flat table without an index, psql's start included."""
        self.sql("drop table if exists flat", _FLAT, database=database)
        self.settle()
        began = time.perf_counter()
        self.sql(f"\\copy flat from '{csv}' (format csv, header)", database=database)
        return time.perf_counter() - began
