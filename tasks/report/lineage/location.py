"""Names of datasets for other systems, without credentials: OpenLineage's namespace and name, Prefect's asset keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from tasks.outside_text import displayable
from tasks.postgres.settings import ConnectionSettings

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9._~:/@!$()*+,;=-]")
# Of a key that Prefect accepts.
_KEY_LENGTH = 512


@dataclass(frozen=True)
class Location:
    """Where a dataset is, as OpenLineage names it."""

    namespace: str
    name: str


def table_location(warehouse: ConnectionSettings, table: str) -> Location:
    """A table of the warehouse: ``postgres://HOST:PORT`` and ``DATABASE.SCHEMA.TABLE``."""
    return Location(_server(warehouse), displayable(f"{warehouse.database}.{table}"))


def database_location(warehouse: ConnectionSettings) -> Location:
    """A whole database: ``postgres://HOST:PORT`` and its name."""
    return Location(_server(warehouse), displayable(warehouse.database))


def file_location(name: str) -> Location:
    """A file, a folder or an object by its path or address: ``file`` and the path, ``s3://BUCKET`` and the key."""
    if not _ADDRESS.match(name):
        return Location("file", displayable(name))
    try:
        address = urlsplit(name)
    except ValueError:  # a bracket that is not closed
        return Location("file", displayable(name))
    host = address.netloc.rpartition("@")[2]
    # Behind a question mark stand signatures.
    return Location(f"{address.scheme}://{displayable(host)}", displayable(address.path.lstrip("/") or "/"))


def folder_of(location: Location) -> Location:
    """The folder of a file."""
    return Location(location.namespace, str(PurePosixPath(location.name).parent))


def output_location(workspace: Path, layer: str) -> Location:
    """The folder of bronze, silver or the quarantine in a workspace; its outputs are versions of it."""
    return file_location(str(workspace / layer))


def asset_key(location: Location) -> str:
    """The key of a dataset as an asset of Prefect: parts separated by slashes, of characters that keys may have."""
    name = location.name.replace(".", "/") if location.namespace.startswith("postgres") else location.name
    scheme = location.namespace if "://" in location.namespace else f"{location.namespace}://"
    key = f"{scheme.rstrip('/')}/{name.lstrip('/')}" if "://" in location.namespace else f"{scheme}{name}"
    # A password before a host never gets here, but what looks like one must not either.
    return _NOT_IN_KEYS.sub("_", displayable(key))[:_KEY_LENGTH]


def _server(warehouse: ConnectionSettings) -> str:
    host = "localhost" if warehouse.host.startswith("/") else warehouse.host
    return f"postgres://{displayable(f'[{host}]' if ':' in host else host)}:{warehouse.port}"
