"""Runs ``dbt run`` for each line of its input, in the environment of dbt; prints the seconds, or what failed.

Imports nothing of this project. The import of dbt and the parsing of its models are not measured, as the start of Prefect
is not.
"""

from __future__ import annotations

import json
import os
import sys
import time

from dbt.cli.main import dbtRunner


def main() -> None:
    """Read a JSON object per line: the project's folder, a working folder, and libpq's environment variables."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # dbt's own output must not mix with the answers
    for line in sys.stdin:
        request = json.loads(line)
        os.environ.update(request["environment"], DBT_SEND_ANONYMOUS_USAGE_STATS="false")
        options = ["--project-dir", request["project"], "--profiles-dir", request["project"]]
        options += ["--target-path", request["folder"], "--log-path", request["folder"], "--quiet"]
        runner = dbtRunner()
        parsed = runner.invoke(["parse", *options])
        started = time.perf_counter()
        result = runner.invoke(["run", *options])
        seconds = time.perf_counter() - started
        error = None if parsed.success and result.success else _describe(result)
        print(json.dumps({"seconds": seconds, "error": error}), file=answers, flush=True)


def _describe(result: object) -> str:
    models = getattr(result, "result", None) or []
    failed = [
        f"{model.node.name}: {model.message}" for model in models if model.status not in {"success", "pass"}
    ]
    return "; ".join(failed) or str(getattr(result, "exception", None))


if __name__ == "__main__":
    main()
