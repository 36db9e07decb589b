"""How every step is a Prefect task: retried with backoff and jitter while the cause can pass, never cached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.settings import get_current_settings
from prefect.tasks import exponential_backoff

from tasks.errors import Transient

P = ParamSpec("P")
R = TypeVar("R")
RETRIES = 3
BACKOFF_SECONDS = 2
# A tag costs a concurrency look-up, which the throw-away SQLite server of a run without an API address
# answers with 503 whenever another write is under way: two seconds lost, where no UI shows the tag.
_TAGS_SEEN = bool(get_current_settings().api.url)


async def can_pass(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """True if the error that ended an attempt may pass by itself."""
    try:
        await state.aresult()
    except Transient:
        return True
    except BaseException:  # noqa: BLE001 - looked at, not handled: the task fails with it
        return False
    return False


def step(name: str, stage: str, timeout_seconds: float) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A task of ``stage`` (its tag in a server's UI) whose runs are named after the parameter ``label``.

    Nothing is persisted and no result is reused: only the ledger knows what is loaded.
    """
    return task(
        name=name,
        task_run_name=name + " {label}",
        tags=[stage] if _TAGS_SEEN else None,
        retries=RETRIES,
        retry_delay_seconds=exponential_backoff(BACKOFF_SECONDS),
        retry_jitter_factor=0.5,
        retry_condition_fn=can_pass,
        timeout_seconds=timeout_seconds,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
