"""Connection settings of the warehouse, the URL they are parsed from, and the TLS rule."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import parse_qsl, quote, unquote

from pydantic import SecretStr

from tasks.errors import SettingsError

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})
TRANSACTION_POOLER_PORT = 6543
_OPTIONS = frozenset({"sslmode", "sslrootcert", "host", "port", "application_name", "connect_timeout"})
_HOST_PORT = re.compile(r"(?:\[(?P<address>[^\[\]]+)\]|(?P<name>[^\[\]:]*))(?::(?P<port>.*))?")
_UNREADABLE = (
    "it cannot be parsed.",
    "Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE and percent-encode special characters of the "
    "password (@ is %40, / is %2F, ? is %3F, # is %23).",
)


@dataclass(frozen=True)
class ConnectionSettings:
    """Address, credentials and limits of a connection; safe to print and to log.

    Attributes:
        host: Host name, IP address, or folder of a Unix socket.
        sslrootcert: Path of a CA file, or CA certificates as PEM text.
        connect_seconds: Limit for all attempts at one connection together.
        statement_timeout: Seconds; 0 for no limit.
        lock_timeout: Seconds; 0 for no limit.
        load_lock_timeout: Seconds to wait for other loads; 0 for no limit.
        pool_size: None for the default of the connection method (``tasks.postgres.supabase.pool_size_and_overflow``).
        max_overflow: Likewise.
        backoff_seconds: First pause between two attempts; doubles up to ``backoff_max_seconds``.
        origin: Where the address comes from, for messages: a block, or the setting and its source.
        disk_bytes: Size of the database's disk as its user states it; None if unknown.
        data_folder: Folder on this machine with the data of an embedded server; None for any other.
    """

    host: str
    port: int = 5432
    database: str = "postgres"
    user: str = "postgres"
    password: SecretStr | None = None
    sslmode: str = "prefer"
    sslrootcert: str | None = None
    connect_seconds: float = 60.0
    statement_timeout: float = 1800.0
    lock_timeout: float = 60.0
    load_lock_timeout: float = 3600.0
    pool_size: int | None = None
    max_overflow: int | None = None
    backoff_seconds: float = 0.5
    backoff_max_seconds: float = 8.0
    origin: str = field(default="", compare=False)
    disk_bytes: int | None = field(default=None, compare=False)
    data_folder: str | None = field(default=None, compare=False)

    @property
    def display(self) -> str:
        """The URL without the password, for messages and reports."""
        user, database = quote(self.user), quote(self.database)
        if self.host.startswith("/"):
            port = "" if self.port == 5432 else f"&port={self.port}"
            return f"postgresql://{user}@/{database}?host={quote(self.host)}{port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{user}@{host}:{self.port}/{database}"

    def within(self, seconds: float) -> Self:
        """Return the settings with limits of so many seconds, for what must not keep the end of a run waiting."""
        return replace(
            self,
            connect_seconds=min(seconds, self.connect_seconds),
            statement_timeout=seconds,
            lock_timeout=seconds,
        )

    @property
    def is_loopback(self) -> bool:
        """True for a Unix socket and for addresses of this machine."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """True for the folder of a Unix socket, and for a name or address of this machine."""
    if host.startswith("/") or host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _invalid_address(what: str, next_step: str = "") -> SettingsError:
    return SettingsError(f"Invalid warehouse address: {what}", next_step, setting="DATABASE_URL")


def from_url(url: str) -> ConnectionSettings:
    """Parse a ``postgresql://`` URL.

    Args:
        url: URL whose query can set ``sslmode``, ``sslrootcert``, ``host`` (the folder of a socket), ``port``
            and ``connect_timeout`` (seconds for all attempts together, 60 by default).

    Raises:
        SettingsError: the URL is malformed, or allows a connection without TLS to a host that is not loopback.
            The message never quotes the URL, any part of which can be a piece of the password.
    """
    scheme, _, rest = url.strip().partition("://")
    if scheme not in {"postgresql", "postgres"}:
        raise _invalid_address("its scheme is missing or unknown.", "Begin it with postgresql://")
    if "#" in rest:
        raise _invalid_address(
            "it contains '#'.", "Percent-encode special characters of the password (# is %23)."
        )
    before_query, _, options = rest.partition("?")
    authority, _, path = before_query.partition("/")
    credentials, _, host_port = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    match = _HOST_PORT.fullmatch(host_port)
    # An @ after the first / or ? belongs to a password that was not encoded, so the parts are wrong.
    if match is None or "@" in path + options:
        raise _invalid_address(*_UNREADABLE)
    if password.strip("[]") == "YOUR-PASSWORD":
        raise _invalid_address(
            "it contains the dashboard's placeholder YOUR-PASSWORD.", "Replace it with the database password."
        )
    query = _read_options(options)
    host = query.get("host") or unquote(match["address"] or match["name"]) or "localhost"
    if "," in host:
        raise _invalid_address("it has several hosts.", "Keep one of them.")
    database = unquote(path.strip("/"))
    if not database:
        raise _invalid_address("it has no database name.", "Add one at the end, for example /postgres.")
    settings = ConnectionSettings(
        host=host,
        port=_number("port", match["port"] or query.get("port"), 5432, 65535),
        database=database,
        user=unquote(user) or "postgres",
        password=SecretStr(unquote(password)) if password else None,
        sslmode=query.get("sslmode") or ("prefer" if is_loopback(host) else "require"),
        sslrootcert=query.get("sslrootcert"),
        connect_seconds=float(_number("connect_timeout", query.get("connect_timeout"), 60, 3600)),
    )
    check_tls(settings)
    return settings


def _read_options(text: str) -> dict[str, str]:
    query = dict(parse_qsl(text, keep_blank_values=True))
    unknown = set(query) - _OPTIONS
    if unknown:
        known = ", ".join(sorted(_OPTIONS))
        raise _invalid_address(f"unknown option {', '.join(sorted(unknown))}.", f"Valid options: {known}.")
    return query


def _number(name: str, text: str | None, default: int, maximum: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= maximum):
        raise _invalid_address(f"its {name} is not a number from 1 to {maximum}.")
    return int(text)


def check_tls(settings: ConnectionSettings) -> None:
    """Check that a host that is not loopback is reached with TLS only.

    Raises:
        SettingsError: ``sslmode`` is unknown, or allows a connection without TLS.
    """
    if settings.sslmode not in SSL_MODES:
        raise _invalid_address("unknown sslmode.", f"Use one of {', '.join(SSL_MODES)}.")
    if not settings.is_loopback and settings.sslmode not in _TLS_MODES:
        raise _invalid_address(
            f"sslmode={settings.sslmode} allows a connection to {settings.host} without TLS.",
            "Use sslmode=verify-full with sslrootcert=FILE (best), or sslmode=require.",
        )


def with_database(settings: ConnectionSettings, database: str) -> ConnectionSettings:
    """Return settings for another database of the same server and role."""
    return replace(settings, database=database)
