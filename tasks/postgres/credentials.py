"""Where the user and the password of a connection come from, for the message about wrong ones.

Without a password in the address the driver looks for one as libpq does: in PGPASSWORD, then in the password file.
"""

from __future__ import annotations

import os
from pathlib import Path

from tasks.postgres.settings import ConnectionSettings


def origin_of_credentials(settings: ConnectionSettings) -> str:
    """Name the place of user and password in a sentence; empty if only the caller knows it."""
    if settings.password is not None:
        return f"User and password come from {settings.origin}." if settings.origin else ""
    user = f"The user comes from {settings.origin}" if settings.origin else "The address has no password"
    if "PGPASSWORD" in os.environ:
        return f"{user}, the password from PGPASSWORD (environment)."
    file = _password_file()
    if file is not None and file.is_file():
        return f"{user}, the password from the file {file} if it has a line for this server."
    return f"{user}, and there is no password."


def _password_file() -> Path | None:
    named = os.environ.get("PGPASSFILE")
    try:
        return Path(named) if named else Path.home() / ".pgpass"
    except RuntimeError:  # a user without a home folder
        return None
