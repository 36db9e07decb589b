"""Run a flow from the command line: Prefect quiet and its server awaited, the report printed."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blocks.settings_sources import resolve_collecting_errors
from flows.cli.exit_codes import EXIT_TERMINATED, INTERRUPTED, exit_code
from flows.cli.summary import print_summary
from flows.cli.terminal import shown
from tasks import progress
from tasks.errors import PrefectUnreachable, RetailError, RunFailed
from tasks.report.run_report import RunReport

# The server that a run starts for itself records the states of its tasks in a few writes, not in one for each.
RUN_SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}


def quiet_prefect(verbose: bool) -> None:
    """Settings for Prefect, before it is imported; what the user has set stays."""
    if not verbose:
        # The logs are in Prefect's UI all the same.
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
    for name, value in RUN_SERVER.items():
        os.environ.setdefault(name, value)
    # Without an address of a server, and under a profile that starts none, a run would fail at once.
    os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")


@contextmanager
def _one_first_start(home: Path) -> Iterator[None]:
    """Let one process at a time start Prefect's server on a home without a database."""
    if (home / "prefect.db").exists():
        yield
        return
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "retail-first-start.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)

        def release(step: progress.Progress) -> None:
            if step.step == "flow.began":
                fcntl.flock(handle, fcntl.LOCK_UN)

        with progress.listening(release):
            yield


def run_etl(parameters: Mapping[str, Any], *, as_json: bool, verbose: bool) -> int:
    """Run ``retail_etl``, print its report (or its JSON as the last line), and return the exit code."""
    report: RunReport | None = None
    failure: RetailError | None = None
    try:
        report = run_flow("retail_etl", parameters, verbose=verbose)
    except RunFailed as error:
        report, failure = error.attributes["report"], error
    except RetailError as error:
        failure = error
    if failure is not None:
        print(f"retail: {failure}", file=sys.stderr)
    if report is not None:
        if as_json:
            print(report.to_json())
        else:
            print_summary(report)
    return exit_code(failure) if failure is not None else 0


def run_flow(name: str, parameters: Mapping[str, Any], *, verbose: bool = False) -> Any:
    """Run a flow of ``flows`` in this process, with its progress on standard error, and return its result.

    Raises:
        RetailError: what the flow raises, PrefectUnreachable, or that the run timed out.
        SystemExit: the process was told to terminate; the flow run is closed.
    """
    quiet_prefect(verbose)
    if not verbose:  # else Prefect prints the line that the flow logs
        _warn_of_misspelled()
    with shown():
        return _run(name, parameters)


def _warn_of_misspelled() -> None:
    misspelled = resolve_collecting_errors()[0].misspelled
    if misspelled:
        print("retail: warning:", *misspelled, file=sys.stderr)


def _run(name: str, parameters: Mapping[str, Any]) -> Any:
    progress.report("prefect.import")
    from prefect.exceptions import TerminationSignal
    from prefect.flow_engine import FlowRunTimeoutError
    from prefect.settings import get_current_settings

    import flows

    flow = getattr(flows, name)
    # The process ends with this run: the garbage collector need not walk through Prefect and the libraries again.
    gc.freeze()
    settings = get_current_settings()
    if not settings.api.url:
        progress.report("prefect.server")
    try:
        with _one_first_start(settings.home):
            return asyncio.run(flow(**parameters))
    except RetailError:
        raise
    except RuntimeError as error:
        if "Failed to reach API" not in str(error):
            raise
        raise PrefectUnreachable.at(settings.api.url or "") from None
    except TerminationSignal:  # what Prefect makes of a SIGTERM, once the flow run is told
        print(INTERRUPTED, file=sys.stderr)
        raise SystemExit(EXIT_TERMINATED) from None
    except FlowRunTimeoutError:
        raise RetailError(
            "the run took longer than PIPELINE_EXECUTION_TIMEOUT_HOURS allows and was ended.",
            "What had committed is there; run again for the rest, or allow it more time.",
        ) from None
