"""Steps as Prefect tasks: transient errors are retried with backoff and jitter, and nothing is cached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Concatenate, ParamSpec, TypeVar

import httpx
from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.settings import get_current_settings
from prefect.task_engine import TaskRunTimeoutError
from prefect.tasks import exponential_backoff
from prefect.utilities.annotations import quote

from tasks import progress
from tasks.errors import PrefectUnreachable, StepTimedOut, Transient

P = ParamSpec("P")
R = TypeVar("R")
_JITTER = 0.5
_LONGEST_DELAY = 3600.0  # seconds
# A tag makes Prefect look up concurrency limits. The ephemeral SQLite server of a run without an API URL
# answers that with 503 during any other write, which costs two seconds, and no UI shows its tags.
_USE_TAGS = bool(get_current_settings().api.url)


@dataclass(frozen=True)
class RetryPolicy:
    """How often a step is retried after a transient error.

    Attributes:
        retries: Maximum number of retries.
        delay_seconds: Delay before the first retry; it doubles with each further one, up to an hour.
    """

    retries: int = 3
    delay_seconds: float = 2.0

    @property
    def delays(self) -> tuple[float, ...]:
        """Delay before each retry in seconds, without jitter: doubled each time, an hour at most."""
        delays = exponential_backoff(self.delay_seconds)(self.retries)
        return tuple(min(delay, _LONGEST_DELAY) for delay in delays)

    def apply(self, task: Task[Concatenate[str, P], R]) -> Callable[Concatenate[str, P], R]:
        """Give a step this policy.

        Args:
            task: A task made by ``step``.

        Returns:
            A function with the parameters of the step: the label, then its arguments.
        """
        step = _with_policy(self, task)

        def run(label: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
            # Prefect searches every argument for futures, which can take longer than the step itself;
            # it skips quoted arguments.
            quoted = {name: quote(value) for name, value in kwargs.items()}
            running: Any = step(label, *(quote(value) for value in args), **quoted)
            return _end_in_our_errors(f"{task.name} {label}", task.timeout_seconds, running)  # type: ignore[return-value]

        return run


async def _end_in_our_errors(name: str, limit: float | None, running: Awaitable[Any]) -> Any:
    """Await a step; what Prefect itself raises leaves as an error of ours."""
    try:
        return await running
    except TaskRunTimeoutError:
        raise StepTimedOut(
            f"The step {name} passed its limit of {limit or 0:g} s.",
            "What had committed is there: run again for the rest. If it happens again, deliver smaller files, or see "
            "pg_stat_activity for what the warehouse waits for.",
            step=name,
        ) from None
    except Exception as error:
        if not prefect_is_gone(error):
            raise
        raise PrefectUnreachable.at(get_current_settings().api.url or "") from None


def prefect_is_gone(error: BaseException) -> bool:
    """Whether Prefect's client raised this because its API gives no answer."""
    no_server = isinstance(error, RuntimeError) and "Failed to reach API" in str(error)
    return no_server or isinstance(error, httpx.TransportError)


@lru_cache(maxsize=64)
def _with_policy(policy: RetryPolicy, task: Task[..., Any]) -> Task[..., Any]:
    return task.with_options(retries=policy.retries, retry_delay_seconds=list(policy.delays))


_DEFAULT = RetryPolicy()


async def retry_if_transient(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Retry a failed task run if its error is transient, and report the retry."""
    try:
        await state.aresult()
    except Transient as error:
        delays = task.retry_delay_seconds
        # Jitter adds at most half of each delay.
        longest = round(sum(delays) * (1 + _JITTER)) if isinstance(delays, list) else 0
        progress.report(
            "task.retrying",
            f"{task_run.name}: {error} Up to {task.retries} retries, waiting {longest} s at most.",
        )
        return True
    except Exception:  # noqa: BLE001 - not handled here: the task fails with it
        return False
    return False


def step(name: str, stage: str, timeout_seconds: float) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Turn a function into a Prefect task whose runs are named after its parameter ``label``.

    No result is persisted or reused: only the ledger decides which deliveries are loaded.

    Args:
        name: Name of the task.
        stage: Tag of the task in the server's UI.
        timeout_seconds: Time limit of one attempt.
    """
    return task(
        name=name,
        task_run_name=name + " {label}",
        tags=[stage] if _USE_TAGS else None,
        retries=_DEFAULT.retries,
        retry_delay_seconds=list(_DEFAULT.delays),
        retry_jitter_factor=_JITTER,
        retry_condition_fn=retry_if_transient,
        timeout_seconds=timeout_seconds,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
