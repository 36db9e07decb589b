"""Supabase's connection methods, their limits, and its network bans.

See Supabase's documentation, https://supabase.com/docs/guides/database/connecting-to-postgres.
"""

from __future__ import annotations

from enum import StrEnum

from tasks.errors import SettingsError
from tasks.postgres.settings import TRANSACTION_POOLER_PORT, ConnectionSettings

_SHARED_POOLER = ".pooler.supabase.com"
_PROJECT_HOST = ".supabase.co"


class ConnectionMethod(StrEnum):
    """How a connection reaches Postgres."""

    DIRECT = "direct connection"
    DEDICATED_POOLER = "dedicated pooler (transaction mode)"
    SESSION_POOLER = "shared pooler, session mode"
    TRANSACTION_POOLER = "shared pooler, transaction mode"
    EMBEDDED = "Unix socket"
    POSTGRES = "Postgres"


def connection_method(settings: ConnectionSettings) -> ConnectionMethod:
    """Infer from host and port how a connection reaches Postgres."""
    host = settings.host.lower().rstrip(".")
    if host.startswith("/"):
        return ConnectionMethod.EMBEDDED
    is_transaction_mode = settings.port == TRANSACTION_POOLER_PORT
    if host.endswith(_SHARED_POOLER):
        return ConnectionMethod.TRANSACTION_POOLER if is_transaction_mode else ConnectionMethod.SESSION_POOLER
    if host.endswith(_PROJECT_HOST):
        return ConnectionMethod.DEDICATED_POOLER if is_transaction_mode else ConnectionMethod.DIRECT
    return ConnectionMethod.DEDICATED_POOLER if is_transaction_mode else ConnectionMethod.POSTGRES


def is_supabase(settings: ConnectionSettings) -> bool:
    """Return whether the host belongs to Supabase."""
    return settings.host.lower().rstrip(".").endswith((_SHARED_POOLER, _PROJECT_HOST))


def project_reference(settings: ConnectionSettings) -> str | None:
    """Return the project reference from the direct host, or the user of the shared pooler; None without one."""
    if connection_method(settings) in {ConnectionMethod.SESSION_POOLER, ConnectionMethod.TRANSACTION_POOLER}:
        return settings.user.partition(".")[2] or None
    host = settings.host.lower()
    return host.split(".")[-3] if is_supabase(settings) and host.count(".") >= 2 else None


def pool_size_and_overflow(settings: ConnectionSettings) -> tuple[int, int]:
    """Return pool size and overflow of one process.

    The defaults are 10 and 20; 5 and 5 on the shared session pooler, which admits 15 clients of a role and
    database.
    """
    default_size, default_overflow = (
        (5, 5) if connection_method(settings) is ConnectionMethod.SESSION_POOLER else (10, 20)
    )
    size = default_size if settings.pool_size is None else settings.pool_size
    return size, default_overflow if settings.max_overflow is None else settings.max_overflow


def check_for_loads(settings: ConnectionSettings) -> None:
    """Check that loads and backups can use this address.

    Raises:
        SettingsError: the address is a transaction-mode pooler, where session settings and locks do not last, or
            the user of the shared pooler lacks the project reference (the pooler says only "tenant not found").
    """
    method = connection_method(settings)
    if method in {ConnectionMethod.TRANSACTION_POOLER, ConnectionMethod.DEDICATED_POOLER}:
        raise SettingsError(
            f"Invalid warehouse address: port {TRANSACTION_POOLER_PORT} is a transaction-mode pooler ({method}), "
            "where session settings do not last.",
            "Use the direct connection or the session pooler for loads and backups: the same address with port 5432.",
            setting="DATABASE_URL",
        )
    if method is ConnectionMethod.SESSION_POOLER and project_reference(settings) is None:
        raise SettingsError(
            "Invalid warehouse address: the shared pooler needs a user with the project reference, such as "
            f"{settings.user}.abcdefghijklmnopqrst.",
            "Copy it from Connect in the project's dashboard.",
            setting="DATABASE_URL",
        )


def network_ban_advice(settings: ConnectionSettings) -> str:
    """Return advice for a wrong password or a refused connection at Supabase; empty for other hosts."""
    if not is_supabase(settings):
        return ""
    return (
        "Supabase bans an address for 30 minutes after two wrong passwords and then refuses its connections: "
        "see Network Bans in the project's database settings."
    )
