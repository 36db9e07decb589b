"""dbt, building the star from dlt's flat table in an environment of its own, whose requirements clash with ours."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from types import TracebackType
from typing import Self

_PROJECT = Path(__file__).parent / "star"
_WORKER = Path(__file__).parent / "dbt_worker.py"


def install_dbt(folder: Path) -> Path:
    """Install dbt into a new virtual environment in ``folder`` and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(_PROJECT / "requirements.txt")],
        check=True,
        stdout=sys.stderr,
    )
    return python


def dbt_versions(python: Path) -> dict[str, str]:
    """Versions of dbt in an environment."""
    script = (
        "from importlib.metadata import version; import json; "
        "print(json.dumps({name: version(name) for name in ('dbt-core', 'dbt-postgres')}))"
    )
    output = subprocess.run([str(python), "-c", script], check=True, capture_output=True, text=True).stdout
    versions: dict[str, str] = json.loads(output)
    return versions


class Dbt:
    """A context manager: a process that has imported dbt and runs the models on demand."""

    def __init__(self, python: Path, folder: Path) -> None:
        """Describe the process: the Python of dbt's environment, and a folder for its files."""
        self._folder = folder
        self._process = subprocess.Popen(
            [str(python), str(_WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(30)

    def run(self, environment: dict[str, str]) -> float:
        """Run all models and return the seconds.

        Args:
            environment: Address of the database as libpq's variables, ``PGSSLMODE`` included.

        Raises:
            RuntimeError: a model failed.
        """
        request = {"project": str(_PROJECT), "folder": str(self._folder), "environment": environment}
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("The process of dbt ended; its output says why.")
        result = json.loads(answer)
        if result["error"]:
            raise RuntimeError(f"dbt run: {result['error']}")
        return float(result["seconds"])
