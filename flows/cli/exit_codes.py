"""Exit codes of the commands, and how their errors are printed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from blocks.working_directory import check_configuration
from flows.cli.json_output import print_failure
from tasks.errors import PrefectUnreachable, QualityBelowThreshold, RetailError, SettingsError

EXIT_FAILED = 1
EXIT_SETTINGS = 2
EXIT_QUALITY = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
EXIT_TERMINATED = 143
INTERRUPTED = "Interrupted. Committed deliveries are loaded; run again for the rest."


def program() -> str:
    """Return the command that calls this program again: ``retail``, or its path if it is not on PATH."""
    path = sys.argv[0]
    return path if Path(path).name == "retail" and shutil.which("retail") is None else "retail"


def exit_code(error: RetailError) -> int:
    """Return the exit code for an error."""
    if isinstance(error, SettingsError):
        return EXIT_SETTINGS
    return EXIT_QUALITY if isinstance(error, QualityBelowThreshold) else EXIT_FAILED


def _leave(code: int) -> None:
    """End this process now: Prefect would try for minutes to send its server, which is gone, events and logs."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def with_exit_code(command: Callable[[], int], *, as_json: bool = False) -> int:
    """Run a command and return its exit code; errors of this package are printed without a traceback.

    With ``as_json`` a failure is one JSON object too.
    """
    try:
        check_configuration()
        code = command()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader closed the pipe; silence the final flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except RetailError as error:
        print(f"retail: {error}", file=sys.stderr)
        if as_json:
            print_failure(error)
        if isinstance(error, PrefectUnreachable):
            _leave(exit_code(error))
        return exit_code(error)
    except KeyboardInterrupt:
        print(f"retail: {INTERRUPTED}", file=sys.stderr)
        if as_json:
            print_failure(INTERRUPTED, "Interrupted", "cancelled")
        return EXIT_INTERRUPTED
    except SystemExit as end:
        if as_json and end.code:
            print_failure(INTERRUPTED, "Interrupted", "cancelled")
        raise
    except Exception as error:
        if as_json:  # its own text may hold a secret
            print_failure(
                f"An unexpected error ({type(error).__name__}), shown on standard error.",
                type(error).__name__,
            )
        raise
