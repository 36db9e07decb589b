"""docs/contract.md lists the rules of the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tasks.validate.contract import rules
from tests.support.lines import AS_OF

DOCS = Path(__file__).parents[3] / "docs"


def test_the_committed_document_is_current() -> None:
    spec = importlib.util.spec_from_file_location("make_contract", DOCS / "make_contract.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    committed = (DOCS / "contract.md").read_text(encoding="utf-8")
    assert committed == module.text(), "run python docs/make_contract.py"


def test_every_rule_has_its_row() -> None:
    rows = [line.split("|") for line in (DOCS / "contract.md").read_text(encoding="utf-8").splitlines()]
    listed = {cells[2].strip(" `"): cells[4].strip() for cells in rows if len(cells) == 6}
    for members in rules(AS_OF).values():
        for rule in members:
            assert listed[rule.name] == rule.explanation
