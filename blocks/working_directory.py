"""The configuration files of the working directory, which is often a folder that others deliver to.

A ``.env`` there sets everything: the warehouse, the quality gate, who may read. Prefect reads it too, and its own
files, one of which can name code to run. So they are used only if nobody else can change them. Light: the command
line checks them before it imports Prefect.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from tasks import ownership

ENV_FILE = ".env"


def read_env_file() -> str:
    """Return the text of ``.env``, empty if there is none.

    Raises:
        UntrustedPath: Another user can change the file or a folder above it.
        OSError: It cannot be read.
        UnicodeDecodeError: It is not UTF-8.
    """
    try:
        # Opened first: what is checked below is then what is read.
        with open(ENV_FILE, encoding="utf-8-sig") as file:
            _check(ENV_FILE)
            return file.read()
    except FileNotFoundError:
        return ""


def check_configuration() -> None:
    """Check the files of the working directory that Prefect reads when it is imported. Raises UntrustedPath."""
    for name in (ENV_FILE, "prefect.toml"):
        if os.path.lexists(name):
            _check(name)
    if _configures_prefect(Path("pyproject.toml")):
        _check("pyproject.toml")


def _configures_prefect(pyproject: Path) -> bool:
    try:
        return "prefect" in tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


def _check(name: str) -> None:
    ownership.check_trusted(
        Path(name), name, "delete it, or run in another folder and set the variables in the environment"
    )
