"""Generate pictures/backups.svg, a terminal with a backup and its proof: ``python docs/make_backup_picture.py``.

Needs age-keygen (Debian package ``age``) and the extras ``backup`` and ``demo``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from make_pictures import COLUMNS, PICTURES, terminal_output
from rich.console import Console
from rich.text import Text


def main() -> None:
    """Run the commands against a demo warehouse of their own, and save what they print."""
    folder = Path(tempfile.mkdtemp(prefix="retail-picture-"))
    folder.chmod(0o755)
    try:
        _draw(folder)
    finally:
        shutil.rmtree(folder)


def _draw(folder: Path) -> None:
    identity = folder / "backup-identity.txt"
    subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True)
    made = subprocess.run(["age-keygen", "-y", identity], check=True, capture_output=True, text=True)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "RETAIL_"))},
        "PREFECT_HOME": str(folder / "prefect"),
        "RETAIL_DATA_DIR": str(folder / "data"),
        "RETAIL_VAULT": str(folder / "backups"),
        "RETAIL_VAULT_RECIPIENTS": made.stdout.strip(),
        "RETAIL_VAULT_IDENTITY": str(identity),
        "COLUMNS": str(COLUMNS),
    }
    retail = [str(Path(sys.executable).with_name("retail"))]
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115 - closed with the process
    terminal_output([*retail, "demo"], environment)
    try:
        text = _run(console, retail, "backup", environment=environment)
        backup = text.split()[1][:8]
        _run(console, retail, "prove", backup, environment=environment)
        _run(console, retail, "backup", environment=environment)
        _run(console, retail, "backups", environment=environment)
    finally:
        subprocess.run([*retail, "warehouse", "stop"], env=environment, check=False, capture_output=True)
    console.save_svg(str(PICTURES / "backups.svg"), title="retail backup, prove, backups")


def _run(console: Console, retail: list[str], *arguments: str, environment: dict[str, str]) -> str:
    text = terminal_output([*retail, *arguments], environment)
    console.print(f"[bold]$[/] retail {' '.join(arguments)}")
    home = str(Path(environment["RETAIL_DATA_DIR"]).parent)
    console.print(Text.from_ansi(text.replace(home, "/srv/retail")), soft_wrap=True)
    return text


if __name__ == "__main__":
    main()
