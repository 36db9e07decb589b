"""Every step gets plain values that another process could get."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect import Task

from flows import retail_etl
from tasks import retries
from tasks.postgres.connect import ConnectionSettings
from tasks.retries import RetryPolicy
from tests.flows.conftest import as_url
from tests.support.prefect_server import PrefectServer


@pytest.fixture
def pickled_steps(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Hand every step a copy of its arguments that went through pickle; the bytes by the step's name."""
    seen: dict[str, bytes] = {}
    original = retries._with_policy

    def with_policy(policy: RetryPolicy, task: Task[..., Any]) -> Callable[..., Any]:
        step = original(policy, task)

        def run(label: str, *args: Any, **kwargs: Any) -> Any:
            values = [value.unquote() for value in args], {name: kwargs[name].unquote() for name in kwargs}
            seen[task.name] = pickle.dumps(values)
            args, kwargs = pickle.loads(seen[task.name])
            return step(label, *args, **kwargs)

        return run

    monkeypatch.setattr(retries, "_with_policy", with_policy)
    return seen


async def test_a_run_works_on_pickled_arguments(
    pickled_steps: dict[str, bytes],
    prefect_api: PrefectServer,
    empty: ConnectionSettings,
    days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(empty))
    monkeypatch.setenv("RETAIL_WORKSPACE", str(tmp_path))
    report = await retail_etl(sources=[str(days / "2010-12-05.csv")])
    assert report.outcomes == {"loaded": 1}
    steps = {"preflight", "prepare", "ingest", "validate", "load", "finish", "publish", "record"}
    assert set(pickled_steps) == steps
