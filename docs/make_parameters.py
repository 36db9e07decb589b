"""Write the parameters of ``retail_etl`` into docs/running.md: ``python docs/make_parameters.py``."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel

from flows.cli.etl_options import description, flags
from flows.request import EtlRequest

TARGET = Path(__file__).parent / "running.md"
_HEAD = "| parameter | command line | means |\n| --- | --- | --- |\n"
_TABLE = re.compile(re.escape(_HEAD) + r"(?:\|.*\n)*")


def table(model: type[BaseModel] = EtlRequest) -> str:
    """The table of the parameters."""
    rows = [
        f"| `{name}` | {', '.join(f'`{flag}`' for flag in flags(name))} | {description(name, field)} |\n"
        for name, field in model.model_fields.items()
    ]
    return _HEAD + "".join(rows)


def text() -> str:
    """The document with the table as it is now."""
    before = TARGET.read_text()
    assert len(_TABLE.findall(before)) == 1, "docs/running.md has no table of parameters, or several"
    return _TABLE.sub(lambda _: table(), before)


if __name__ == "__main__":
    TARGET.write_text(text())
