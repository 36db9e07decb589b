"""Write the JSON Schema of mapping files to docs/mapping.schema.json: ``python docs/make_mapping_schema.py``."""

from __future__ import annotations

import json
from pathlib import Path

from tasks.ingest.mapping.json_schema import json_schema

TARGET = Path(__file__).parent / "mapping.schema.json"


def text() -> str:
    """The schema as it is now."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
