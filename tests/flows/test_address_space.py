"""A limit on the address space that libraries fail on, or abort the process, is a message with cause and fix."""

from __future__ import annotations

import sys

import pytest

from tests.flows.conftest import Ended, Retail


def etl_within(retail: Retail, kilobytes: int) -> Ended:
    command = f'ulimit -v {kilobytes} && exec "{sys.executable}" -m flows etl /nowhere.csv --dry-run'
    return retail.run(["bash", "-c", command])


# Without the check: a shared library cannot be mapped, a thread cannot be started, polars aborts.
@pytest.mark.parametrize("kilobytes", [400_000, 800_000, 1_600_000])
def test_too_small(plain_retail: Retail, kilobytes: int) -> None:
    ended = etl_within(plain_retail, kilobytes)
    assert (ended.code, ended.out) == (2, "")
    message = (
        f"retail: The address space of this process is limited to {kilobytes:,} kB (ulimit -v); a load needs"
    )
    assert ended.err.startswith(message)
    assert "Run ulimit -v unlimited before." in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.slow
def test_large_enough(retail: Retail) -> None:
    ended = etl_within(retail, 8_000_000)
    assert ended.code == 1
    assert "/nowhere.csv: there is no such file or folder." in ended.err
