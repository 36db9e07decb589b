"""How many random cases the tests run, in CI and in ``make soak``, and a line with the figures at the end."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import settings

# Part of the full soak to run; 0 is the size of CI.
_FACTOR = float(os.environ.get("TEST_SOAK") or 0)
# In the environment, so that the workers of xdist draw from the same seed.
SEED = os.environ.setdefault("TEST_SEED", str(secrets.randbelow(2**32)))
_ran: Counter[str] = Counter()


def size(ci: int, *, soak: int, few: int | None = None) -> int:
    """Return the number of random cases to run: ``ci``, or the chosen part of ``soak``.

    ``few`` is the number in a run without the slow tests, of a test that those have, too (``tests/conftest.py``).
    """
    if _FACTOR:
        return max(1, round(soak * _FACTOR))
    return few if few and settings().max_examples < 100 else ci


def numbered_random(name: str, number: int) -> Random:
    """Return a generator for the case of this number; the seed and the name decide what it draws."""
    return Random(f"{SEED} {name} {number}")


def count(what: str, cases: int = 1) -> None:
    """Count cases that ran, for the figures."""
    _ran[what] += cases


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the figures of an xdist worker to the controller."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["cases"] = dict(_ran)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the figures of a worker."""
    _ran.update(getattr(node, "workeroutput", {}).get("cases", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures and the seed of the random kills and loaders."""
    if _ran:
        cases = ", ".join(f"{number:,} {what}" for what, number in sorted(_ran.items()))
        terminalreporter.write_line(f"Fault and random cases: {cases} (seed {SEED})")
