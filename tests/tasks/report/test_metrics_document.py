"""docs/metrics.md lists the metrics and alert rules as they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tasks.report.metrics.catalogue import METRICS

DOCS = Path(__file__).parents[3] / "docs"


def test_the_committed_document_is_current() -> None:
    spec = importlib.util.spec_from_file_location("make_metrics", DOCS / "make_metrics.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    committed = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert committed == module.text(), "run python docs/make_metrics.py"
    for metric in METRICS:
        assert f"| `{metric.name}` | {metric.kind} |" in committed
