"""The libraries of the extra ``backup``: imported where they are used, since an installation may lack them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.errors import SettingsError


@contextmanager
def backup_extra() -> Iterator[None]:
    """Import libraries of the extra inside of this.

    Raises:
        SettingsError: The extra is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise SettingsError(
            f"The libraries for backups are not installed ({error.name or error}).",
            "Run: pip install 'prefect-retail[backup]'.",
            setting="backup",
        ) from error
