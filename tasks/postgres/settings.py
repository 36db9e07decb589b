"""Where the warehouse is: settings, the URL they are read from, and the TLS rule."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote

from pydantic import SecretStr

from tasks.errors import SettingsError

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_STRONG = frozenset({"require", "verify-ca", "verify-full"})
TRANSACTION_POOLER_PORT = 6543
_OPTIONS = frozenset({"sslmode", "sslrootcert", "host", "port", "application_name", "connect_timeout"})
_PLACE = re.compile(r"(?:\[(?P<address>[^\[\]]+)\]|(?P<name>[^\[\]:]*))(?::(?P<port>.*))?")
_UNREADABLE = (
    "it cannot be read. Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the "
    "password percent-encoded (@ is %40, / is %2F, ? is %3F, # is %23)."
)


@dataclass(frozen=True)
class ConnectionSettings:
    """Where the warehouse is and how to speak to it; safe to print and to log.

    ``host`` is a host name, an address or the folder of a Unix socket; times are in seconds.
    ``connect_seconds`` bounds all tries for one connection together; the pause between them begins at
    ``backoff_seconds`` and doubles up to ``backoff_max_seconds``. A timeout of 0 is none. ``load_lock_timeout`` bounds the wait
    for other loads. Pool sizes that
    are None follow from the way in (see ``tasks.postgres.supabase.pool_limits``). ``sslrootcert`` is a file
    or the certificates themselves in PEM form.
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

    @property
    def display(self) -> str:
        """The address without the password, for messages and reports."""
        user, database = quote(self.user), quote(self.database)
        if self.host.startswith("/"):
            port = "" if self.port == 5432 else f"&port={self.port}"
            return f"postgresql://{user}@/{database}?host={quote(self.host)}{port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{user}@{host}:{self.port}/{database}"

    @property
    def is_loopback(self) -> bool:
        """True for a Unix socket and for addresses that never leave the machine."""
        return _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    if host.startswith("/") or host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(what: str) -> SettingsError:
    return SettingsError(f"The warehouse's address is refused: {what}", setting="DATABASE_URL")


def from_url(url: str) -> ConnectionSettings:
    """Turn a ``postgresql://`` URL into settings.

    ``sslmode``, ``sslrootcert``, ``host`` (a socket's folder), ``port`` and ``connect_timeout`` (seconds
    for all tries together, 60 by default) are read from the query.
    Raises SettingsError for what is malformed or weaker than TLS on a host that is not loopback;
    its message never quotes the URL, since any part of that may be a piece of the password.
    """
    scheme, _, rest = url.strip().partition("://")
    if scheme not in {"postgresql", "postgres"}:
        raise _refuse("it must begin with postgresql://")
    if "#" in rest:
        raise _refuse("it holds a '#'. Percent-encode special characters of the password (# is %23).")
    before_query, _, options = rest.partition("?")
    authority, _, path = before_query.partition("/")
    credentials, _, place = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    where = _PLACE.fullmatch(place)
    # An @ behind the first / or ? is that of a password that was not encoded: what we cut is wrong.
    if where is None or "@" in path + options:
        raise _refuse(_UNREADABLE)
    if password.strip("[]") == "YOUR-PASSWORD":
        raise _refuse(
            "it holds YOUR-PASSWORD, as the dashboard shows it. Put the database's password in its place."
        )
    query = _read_options(options)
    host = query.get("host") or unquote(where["address"] or where["name"]) or "localhost"
    if "," in host:
        raise _refuse("it names several hosts; give one.")
    database = unquote(path.strip("/"))
    if not database:
        raise _refuse("it names no database (…/postgres at its end).")
    settings = ConnectionSettings(
        host=host,
        port=_number("port", where["port"] or query.get("port"), 5432, 65535),
        database=database,
        user=unquote(user) or "postgres",
        password=SecretStr(unquote(password)) if password else None,
        sslmode=query.get("sslmode") or ("prefer" if _is_loopback(host) else "require"),
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
        raise _refuse(f"unknown option {', '.join(sorted(unknown))}; there are {known}.")
    return query


def _number(what: str, text: str | None, default: int, highest: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= highest):
        raise _refuse(f"its {what} is not a number from 1 to {highest}.")
    return int(text)


def check_tls(settings: ConnectionSettings) -> None:
    """Raise SettingsError if these settings would speak without TLS to a host that is not loopback."""
    if settings.sslmode not in SSL_MODES:
        raise _refuse(f"its sslmode is none of {', '.join(SSL_MODES)}.")
    if not settings.is_loopback and settings.sslmode not in _STRONG:
        raise _refuse(
            f"sslmode={settings.sslmode} would allow a connection to {settings.host} without TLS. "
            "Use sslmode=verify-full with sslrootcert=FILE (best), or sslmode=require."
        )


def with_database(settings: ConnectionSettings, database: str) -> ConnectionSettings:
    """The same server and role, another database."""
    return replace(settings, database=database)
