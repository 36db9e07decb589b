"""docs/watching.md lists the integrity checks of the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tasks.warehouse.integrity.check import built_in_checks, parse_check

DOCS = Path(__file__).parents[3] / "docs"


def test_the_committed_document_is_current() -> None:
    spec = importlib.util.spec_from_file_location("make_integrity", DOCS / "make_integrity.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    committed = (DOCS / "watching.md").read_text(encoding="utf-8")
    assert committed == module.text(), "run python docs/make_integrity.py"
    for check in built_in_checks():
        assert f"| `{check.name}` | {check.severity} | {check.finds} |" in committed


def test_the_example_is_a_check() -> None:
    text = (DOCS / "watching.md").read_text(encoding="utf-8")
    example = text.partition("```sql\n-- severity")[2].partition("```")[0]
    assert parse_check("sundays", f"-- severity{example}").severity == "warning"
