"""What is particular to Supabase: its four ways in, their limits, its bans.

Source: Supabase's documentation of connections, https://supabase.com/docs/guides/database/connecting-to-postgres.
"""

from __future__ import annotations

from enum import StrEnum

from tasks.errors import SettingsError
from tasks.postgres.settings import TRANSACTION_POOLER_PORT, ConnectionSettings

_SHARED = ".pooler.supabase.com"
_PROJECT = ".supabase.co"


class ConnectionMethod(StrEnum):
    """How a connection reaches Postgres."""

    DIRECT = "direct connection"
    DEDICATED_POOLER = "dedicated pooler (transaction mode)"
    SESSION_POOLER = "shared pooler, session mode"
    TRANSACTION_POOLER = "shared pooler, transaction mode"
    EMBEDDED = "Unix socket"
    POSTGRES = "Postgres"


def connection_method(settings: ConnectionSettings) -> ConnectionMethod:
    """Tell by host and port how these settings reach Postgres."""
    host = settings.host.lower().rstrip(".")
    if host.startswith("/"):
        return ConnectionMethod.EMBEDDED
    transaction = settings.port == TRANSACTION_POOLER_PORT
    if host.endswith(_SHARED):
        return ConnectionMethod.TRANSACTION_POOLER if transaction else ConnectionMethod.SESSION_POOLER
    if host.endswith(_PROJECT):
        return ConnectionMethod.DEDICATED_POOLER if transaction else ConnectionMethod.DIRECT
    return ConnectionMethod.DEDICATED_POOLER if transaction else ConnectionMethod.POSTGRES


def is_supabase(settings: ConnectionSettings) -> bool:
    """True for a host of Supabase's."""
    return settings.host.lower().rstrip(".").endswith((_SHARED, _PROJECT))


def project_of(settings: ConnectionSettings) -> str | None:
    """The project's reference, from a direct host or the user of the shared pooler; None if neither has one."""
    if connection_method(settings) in {ConnectionMethod.SESSION_POOLER, ConnectionMethod.TRANSACTION_POOLER}:
        return settings.user.partition(".")[2] or None
    host = settings.host.lower()
    return host.split(".")[-3] if is_supabase(settings) and host.count(".") >= 2 else None


def pool_limits(settings: ConnectionSettings) -> tuple[int, int]:
    """Connections that are kept, and how many more at need, of one process.

    Unless they are set: 10 + 20; 5 + 5 on the shared session pooler, which lets 15 clients of a role and
    database in and has more of them wait.
    """
    kept, more = (5, 5) if connection_method(settings) is ConnectionMethod.SESSION_POOLER else (10, 20)
    size = kept if settings.pool_size is None else settings.pool_size
    return size, more if settings.max_overflow is None else settings.max_overflow


def check_for_loads(settings: ConnectionSettings) -> None:
    """Raise SettingsError for an address that loads and backups cannot use.

    That is a transaction-mode pooler, where session settings and locks do not last, and a user of the
    shared pooler without the project's reference, which it answers with a puzzling "tenant not found".
    """
    way = connection_method(settings)
    if way in {ConnectionMethod.TRANSACTION_POOLER, ConnectionMethod.DEDICATED_POOLER}:
        raise SettingsError(
            f"The warehouse's address is refused: port {TRANSACTION_POOLER_PORT} is a "
            f"transaction-mode pooler ({way}), where session settings do not last.",
            "Loads and backups need the direct connection or the session pooler: the same "
            "address with port 5432.",
            setting="DATABASE_URL",
        )
    if way is ConnectionMethod.SESSION_POOLER and project_of(settings) is None:
        raise SettingsError(
            "The warehouse's address is refused: the shared pooler wants a user with the "
            f"project's reference, such as {settings.user}.abcdefghijklmnopqrst; copy it "
            "from Connect in the project's dashboard.",
            setting="DATABASE_URL",
        )


def advice_on_refusal(settings: ConnectionSettings) -> str:
    """What to look at after a wrong password or a refused connection; empty off Supabase."""
    if not is_supabase(settings):
        return ""
    return (
        " Supabase bans an address for 30 minutes after two wrong passwords, which then looks like a refused "
        "connection: see Network Bans in the project's database settings."
    )
