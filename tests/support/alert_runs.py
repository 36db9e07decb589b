"""Runs of ``retail_etl`` in the test's process."""

from __future__ import annotations

from typing import Any

from flows import retail_etl
from tasks.report.run_report import RunReport


async def run(*sources: str, feed: str, **parameters: Any) -> RunReport:
    """Run ``retail_etl`` without retries."""
    report: RunReport = await retail_etl(sources=list(sources), feed=feed, retries=0, **parameters)
    return report
