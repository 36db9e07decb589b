"""docs/schema.md equals the catalog of a migrated database."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.warehouse.indexes import complete_indexes

DOCS = Path(__file__).parents[3] / "docs"


async def test_the_committed_page_is_up_to_date(
    warehouse: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_from_file_location("make_schema", DOCS / "make_schema.py")
    assert spec
    assert spec.loader
    script = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_schema", script)
    spec.loader.exec_module(script)
    await complete_indexes(warehouse)
    page = await script.describe(warehouse)
    assert (DOCS / "schema.md").read_text(encoding="utf-8") == page, "run: python docs/make_schema.py"
    assert "fact_sale" in page
