"""How every step is a Prefect task: retried with backoff and jitter while the cause can pass, never cached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Concatenate, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.settings import get_current_settings
from prefect.tasks import exponential_backoff
from prefect.utilities.annotations import quote

from tasks import progress
from tasks.errors import Transient

P = ParamSpec("P")
R = TypeVar("R")
_JITTER = 0.5
# A tag costs a concurrency look-up, which the throw-away SQLite server of a run without an API address
# answers with 503 whenever another write is under way: two seconds lost, where no UI shows the tag.
_TAGS_SEEN = bool(get_current_settings().api.url)


@dataclass(frozen=True)
class RetryPolicy:
    """How often a step is tried again while its cause can pass; the delay (seconds) doubles each time."""

    retries: int = 3
    delay_seconds: float = 2.0

    @property
    def delays(self) -> tuple[float, ...]:
        """The delays in seconds, before jitter."""
        return tuple(exponential_backoff(self.delay_seconds)(self.retries))

    def on(self, task: Task[Concatenate[str, P], R]) -> Callable[Concatenate[str, P], R]:
        """The step with this policy in place of its own; it is called with its label and what it works on."""
        step = _with_policy(self, task)

        def run(label: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
            # Prefect looks for futures in every value of a parameter: among a batch's accounts, for longer
            # than the batch is read. Quoted, it lets a parameter be.
            quoted = {name: quote(value) for name, value in kwargs.items()}
            running: Any = step(label, *(quote(value) for value in args), **quoted)
            return running  # type: ignore[no-any-return]

        return run


@lru_cache(maxsize=64)
def _with_policy(policy: RetryPolicy, task: Task[..., Any]) -> Task[..., Any]:
    return task.with_options(retries=policy.retries, retry_delay_seconds=list(policy.delays))


_DEFAULT = RetryPolicy()


async def can_pass(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """True if the error that ended an attempt may pass by itself; then says that it is tried again."""
    try:
        await state.aresult()
    except Transient as error:
        delays = task.retry_delay_seconds
        # Jitter adds half of each delay, at most.
        longest = round(sum(delays) * (1 + _JITTER)) if isinstance(delays, list) else 0
        progress.report(
            "task.retrying",
            f"{task_run.name}: {error} It is tried {task.retries} more times at most, with {longest} s of waiting "
            "in all at most.",
        )
        return True
    except Exception:  # noqa: BLE001 - looked at, not handled: the task fails with it
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
        retries=_DEFAULT.retries,
        retry_delay_seconds=list(_DEFAULT.delays),
        retry_jitter_factor=_JITTER,
        retry_condition_fn=can_pass,
        timeout_seconds=timeout_seconds,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
