"""Write docs/settings.md from the settings themselves: ``python docs/make_settings.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from blocks.settings import Settings

TARGET = Path(__file__).parent / "settings.md"
_HEAD = """# Settings

Written by `python docs/make_settings.py`. Each is read from the first of: the parameter of the flow (where it has one),
the block that is named, the environment, a `.env` file in the working directory, the default. `retail settings` shows
each value and where it came from. A name that begins like these and is none of them is an error, and so is a value that
cannot be read.

On the command line `PIPELINE_RETRY_DELAY_MINUTES` is taken as seconds, since somebody waits; a retried step tells how
long all its tries together may take.

| setting | default | means |
| --- | --- | --- |
"""


def _default(value: Any) -> str:
    if value is PydanticUndefined or value in (None, (), "") or isinstance(value, bool):
        return "off" if value is False else ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def text() -> str:
    """The document."""
    rows = [
        f"| `{name.upper()}` | {_default(field.default)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    TARGET.write_text(text())
