"""Progress reaches the listeners of its own run, also from the run's threads, and those that hear everything."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context

from tasks import progress


def test_two_runs_of_one_process_do_not_hear_each_other() -> None:
    heard: dict[str, list[str]] = {"first": [], "second": [], "all": []}
    both = threading.Barrier(2)

    async def work(name: str) -> None:
        with progress.listening(lambda step: heard[name].append(step.detail)):
            both.wait(10)
            await asyncio.to_thread(progress.report, "backup.archive", name)
            progress.report("backup.archive", name)
            both.wait(10)

    def run(name: str) -> None:
        with progress.separate_run():
            asyncio.run(work(name))

    with progress.listening(lambda step: heard["all"].append(step.detail)):
        threads = [
            threading.Thread(target=copy_context().run, args=(run, name)) for name in ("first", "second")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        progress.report("done", "afterwards")
    assert heard["first"] == ["first", "first"]
    assert heard["second"] == ["second", "second"]
    assert sorted(heard["all"]) == ["afterwards", "first", "first", "second", "second"]
