"""Which data folder and which copy of the programs the embedded server is started from: only our own."""

from __future__ import annotations

from pathlib import Path

from tasks import ownership

_SETTING = "RETAIL_DATA_DIR"
_OTHERWISE = "choose another folder with --data-dir or RETAIL_DATA_DIR"


def check_data_folder(folder: Path, server_user: int | None = None) -> None:
    """Check that nobody else can change a folder of the server.

    Args:
        folder: The folder; it need not exist yet.
        server_user: Id of the user that the server runs as, who may own the folder too.

    Raises:
        UntrustedPath: Another user can change it.
    """
    ownership.check_trusted(folder, _SETTING, _OTHERWISE, also={server_user})


def check_programs(copy: Path) -> None:
    """Check every file of root's copy of the programs. Raises UntrustedPath."""
    ownership.check_tree(copy, _SETTING, f"delete {copy}, which is then copied again")
