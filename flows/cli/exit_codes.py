"""What the commands share: where the warehouse is, how errors and exit codes are told."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from blocks.names import ensure_block_name
from blocks.working_directory import check_configuration
from tasks.errors import QualityBelowThreshold, RetailError, SettingsError

EXIT_FAILED = 1
EXIT_SETTINGS = 2
EXIT_QUALITY = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
EXIT_TERMINATED = 143
INTERRUPTED = "retail: interrupted. What had committed is there; run again for the rest."


def choose_warehouse(chosen: str | None, data_dir: str | None) -> None:
    """Hand the chosen warehouse on in this process: an address, or the name of a SupabaseWarehouse block.

    Raises SettingsError for a URL with a password: the command line of a process is seen by everyone.
    """
    if data_dir:
        os.environ["RETAIL_DATA_DIR"] = data_dir
    if not chosen:
        return
    if "://" not in chosen:
        ensure_block_name(chosen, "--warehouse")
        os.environ["RETAIL_WAREHOUSE"] = chosen
        return
    try:
        password = urlsplit(chosen).password
    except ValueError:
        password = None
    if password is not None or "password=" in chosen:
        raise SettingsError(
            "--warehouse: the address holds a password, which every user of this machine "
            "can see in the process list.",
            "Set it in DATABASE_URL instead, and leave --warehouse out.",
            setting="warehouse",
        )
    os.environ["DATABASE_URL"] = chosen
    os.environ.pop("RETAIL_WAREHOUSE", None)


def check_alerts(chosen: str) -> None:
    """Raise SettingsError for ``--alerts`` that cannot name a block: it may hold a secret."""
    if chosen:
        ensure_block_name(chosen, "--alerts")


def program() -> str:
    """How to call this command line again: ``retail``, or its path where a shell would not find it."""
    called = sys.argv[0]
    return called if Path(called).name == "retail" and shutil.which("retail") is None else "retail"


def exit_code(error: RetailError) -> int:
    """The exit code that an error ends the command with."""
    if isinstance(error, SettingsError):
        return EXIT_SETTINGS
    return EXIT_QUALITY if isinstance(error, QualityBelowThreshold) else EXIT_FAILED


def with_exit_code(command: Callable[[], int]) -> int:
    """Run a command; an error of ours is told in its own words, without a traceback."""
    try:
        check_configuration()
        code = command()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Who reads has enough; nothing may be written any more, at the interpreter's end neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except RetailError as error:
        print(f"retail: {error}", file=sys.stderr)
        return exit_code(error)
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        return EXIT_INTERRUPTED
