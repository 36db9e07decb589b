"""Run a flow from the command line: Prefect quiet and its server awaited, the report printed."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from blocks.settings_sources import resolve_collecting_errors
from flows.cli.exit_codes import EXIT_TERMINATED, INTERRUPTED, exit_code
from flows.cli.json_output import print_object
from flows.cli.progress_display import show_progress
from flows.cli.summary import print_summary
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
        # The logs are in Prefect's UI all the same. The last two are about a server that is gone, which is one line.
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL", "CRITICAL")
        logging.raiseExceptions = False
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
    try:
        report: RunReport = run_flow("retail_etl", parameters, verbose=verbose)
    except RunFailed as error:
        if as_json:
            raise
        print(f"retail: {error}", file=sys.stderr)
        print_summary(error.attributes["report"])
        return exit_code(error)
    if as_json:
        print_object(asdict(report))
    else:
        print_summary(report)
    return 0


def run_flow(name: str, parameters: Mapping[str, Any], *, verbose: bool = False) -> Any:
    """Run a flow of ``flows`` in this process, with its progress on standard error, and return its result.

    Raises:
        RetailError: what the flow raises, PrefectUnreachable, or that the run timed out.
        SystemExit: the process was told to terminate; the flow run is closed.
    """
    quiet_prefect(verbose)
    if not verbose:  # else Prefect prints the line that the flow logs
        _warn_of_misspelled()
    with show_progress():
        return _run(name, parameters)


def _warn_of_misspelled() -> None:
    misspelled = resolve_collecting_errors()[0].misspelled
    if misspelled:
        print("retail: warning:", *misspelled, file=sys.stderr)


def _warn_of_orphans(home: Path) -> None:
    from tasks.doctor.orphans import describe, orphaned_servers

    servers = orphaned_servers(home)
    if servers:
        print("retail: warning:", *describe(servers), file=sys.stderr)


def _run(name: str, parameters: Mapping[str, Any]) -> Any:
    progress.report("prefect.import")
    from prefect import tags
    from prefect.exceptions import TerminationSignal
    from prefect.flow_engine import FlowRunTimeoutError
    from prefect.settings import get_current_settings

    import flows
    from tasks.retries import prefect_is_gone

    flow = getattr(flows, name)
    # The process ends with this run: the garbage collector need not walk through Prefect and the libraries again.
    gc.freeze()
    settings = get_current_settings()
    if not settings.api.url:
        progress.report("prefect.server")
        _warn_of_orphans(settings.home)
    # The automations look for the tag. A server of the run's own has none, and each tag costs it a question per task.
    tagged = tags("retail") if settings.api.url else nullcontext()
    try:
        with _one_first_start(settings.home), tagged:
            return asyncio.run(flow(**parameters))
    except RetailError:
        raise
    except TerminationSignal:  # what Prefect makes of a SIGTERM, once the flow run is told
        print(f"retail: {INTERRUPTED}", file=sys.stderr)
        raise SystemExit(EXIT_TERMINATED) from None
    except FlowRunTimeoutError:
        raise RetailError(
            "the run took longer than PIPELINE_EXECUTION_TIMEOUT_HOURS allows and was ended.",
            "What had committed is there; run again for the rest, or allow it more time.",
        ) from None
    except Exception as error:
        if not prefect_is_gone(error):
            raise
        unreachable = PrefectUnreachable.at(settings.api.url or "")
        _notify_of(unreachable)
        raise unreachable from None


def _notify_of(unreachable: PrefectUnreachable) -> None:
    """Send the alert that the run's hooks cannot send any more."""
    from flows.run_end import last_end

    end = last_end()
    if end is not None:
        asyncio.run(end.notify(str(unreachable)))
