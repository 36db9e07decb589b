"""Parsing of a warehouse's URL into connection settings."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tasks.errors import SettingsError
from tasks.postgres.connect import ConnectionSettings, from_url

PASSWORD = "a@b:c/d?e#f%g [h]+&=é"


def test_every_part() -> None:
    settings = from_url(
        "postgresql://ann:word@db.example.com:5433/sales?sslmode=verify-full&sslrootcert=/ca%20s.crt"
    )
    assert (settings.host, settings.port, settings.database, settings.user) == (
        "db.example.com",
        5433,
        "sales",
        "ann",
    )
    assert (settings.sslmode, settings.sslrootcert) == ("verify-full", "/ca s.crt")
    assert settings.password
    assert settings.password.get_secret_value() == "word"


def test_defaults() -> None:
    settings = from_url(" postgres://localhost/sales\n")
    assert settings == ConnectionSettings("localhost", database="sales")
    assert settings.connect_seconds == 60


def test_percent_encoded_user_password_and_database() -> None:
    settings = from_url(
        f"postgresql://{quote('ann@home', '')}:{quote(PASSWORD, '')}@localhost/{quote('the sales', '')}"
    )
    assert (settings.user, settings.database) == ("ann@home", "the sales")
    assert settings.password
    assert settings.password.get_secret_value() == PASSWORD


@pytest.mark.parametrize(
    ("place", "host", "port"),
    [
        ("[::1]", "::1", 5432),
        ("[::1]:5433", "::1", 5433),
        ("[2001:db8::7]:5433", "2001:db8::7", 5433),
        ("127.0.0.1:54322", "127.0.0.1", 54322),
        ("localhost:", "localhost", 5432),
        ("%2Fvar%2FRun%2Fpostgresql", "/var/Run/postgresql", 5432),
        ("", "localhost", 5432),
    ],
)
def test_hosts_and_ports(place: str, host: str, port: int) -> None:
    settings = from_url(f"postgresql://ann@{place}/sales")
    assert (settings.host, settings.port) == (host, port)


def test_socket_in_the_query() -> None:
    settings = from_url("postgresql://ann@/sales?host=/var/run/a%20b&port=5433&connect_timeout=3")
    assert (settings.host, settings.port, settings.connect_seconds) == ("/var/run/a b", 5433, 3)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann@localhost:5433/sales",
        "postgresql://ann@[::1]:5432/the%20sales",
        "postgresql://an%40n@/sales?host=/var/run/a%20b",
        "postgresql://ann@/sales?host=/var/run&port=5433",
    ],
)
def test_display_parses_back_to_the_same_url(url: str) -> None:
    assert from_url(url).display == url


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("mysql://localhost/sales", "scheme is missing or unknown.*Begin it with postgresql://"),
        ("localhost/sales", "scheme is missing or unknown.*Begin it with postgresql://"),
        ("postgresql://localhost", "has no database name"),
        ("postgresql://localhost/", "has no database name"),
        ("postgresql://one,two/sales", "several hosts"),
        ("postgresql://localhost:five/sales", "port is not a number"),
        ("postgresql://localhost:0/sales", "port is not a number"),
        ("postgresql://localhost:65536/sales", "port is not a number"),
        ("postgresql:///sales?port=²", "port is not a number"),
        ("postgresql:///sales?connect_timeout=soon", "connect_timeout is not a number"),
        ("postgresql://localhost/sales?pgbouncer=true", "unknown option pgbouncer"),
        ("postgresql://localhost/sales?sslmode=yes", "unknown sslmode.*Use one of disable"),
        ("postgresql://::1/sales", "port is not a number"),
        ("postgresql://[::1/sales", "cannot be parsed"),
        ("postgresql://ann:[YOUR-PASSWORD]@db.example.com/sales", "placeholder YOUR-PASSWORD"),
    ],
)
def test_invalid_urls(url: str, what: str) -> None:
    with pytest.raises(SettingsError, match=what) as caught:
        from_url(url)
    assert caught.value.setting == "DATABASE_URL"  # type: ignore[attr-defined]
