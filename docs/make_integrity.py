"""Write the table of integrity checks in docs/watching.md from the checks: ``python docs/make_integrity.py``."""

from __future__ import annotations

from pathlib import Path

from tasks.warehouse.integrity.check import built_in_checks

TARGET = Path(__file__).parent / "watching.md"
_START, _END = "<!-- checks: docs/make_integrity.py -->\n", "<!-- end of checks -->\n"


def text() -> str:
    """The document with the table of the checks as they are."""
    before, _, rest = TARGET.read_text(encoding="utf-8").partition(_START)
    after = rest.partition(_END)[2]
    checks = sorted(built_in_checks(), key=lambda check: (check.severity, check.name))
    rows = "".join(f"| `{check.name}` | {check.severity} | {check.finds} |\n" for check in checks)
    return f"{before}{_START}| check | severity | finds |\n| --- | --- | --- |\n{rows}{_END}{after}"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
