"""What a test needs of the machine: without it the test is skipped, in CI (TEST_REQUIRE_ALL) it fails."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """End the test for want of ``what``, which says how to get it."""
    if os.environ.get("TEST_REQUIRE_ALL"):
        pytest.fail(f"needs {what}")
    pytest.skip(f"needs {what}")


def required_program(name: str) -> str:
    """Return the path of a program; end the test if it is not installed."""
    return shutil.which(name) or missing(f"{name} (apt-get install prometheus)")
