"""A database with everything, and its dump and restore by Postgres's own programs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.binaries import program_environment

EVERYTHING = Path(__file__).with_name("everything.sql")
SMALL_TABLES = Path(__file__).with_name("small_tables.sql")


async def create_everything(owner: ConnectionSettings, *scripts: Path) -> None:
    """Fill an empty database, by default from everything.sql."""
    async with connected(owner) as connection:
        for script in scripts or (EVERYTHING,):
            await connection.execute(script.read_text(encoding="utf-8"))


def dump_and_restore(
    source: ConnectionSettings,
    target: ConnectionSettings,
    dump_with: Path,
    restore_with: Path,
    schema_only: bool = False,
) -> None:
    """Copy a database by pg_dump and pg_restore of two folders of programs; both settings are superusers'."""
    dump = [str(dump_with / "pg_dump"), "-Fc", *(["--schema-only"] if schema_only else [])]
    archive = _run([*dump, *_options(source)])
    _run([str(restore_with / "pg_restore"), "--exit-on-error", *_options(target)], archive)


def _options(settings: ConnectionSettings) -> list[str]:
    return ["-h", settings.host, "-p", str(settings.port), "-U", settings.user, "-d", settings.database]


def _run(command: list[str], data: bytes = b"") -> bytes:
    completed = subprocess.run(
        command, input=data, capture_output=True, check=False, env=program_environment(), cwd="/"
    )
    assert completed.returncode == 0, completed.stderr.decode()
    return completed.stdout
