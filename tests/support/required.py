"""What a test needs of the machine: without it the test is skipped, in CI (TEST_REQUIRE_ALL) it fails."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """End the test for want of ``what``, which says how to get it."""
    if os.environ.get("TEST_REQUIRE_ALL"):
        pytest.fail(f"needs {what}")
    pytest.skip(f"needs {what}")
