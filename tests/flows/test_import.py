"""The flow from a notebook or script: a frozen report, or an error that carries it."""

import json
import sys
from pathlib import Path

from tests.flows.conftest import Retail

SCRIPT = """
import asyncio, dataclasses, json, pickle, sys
from flows import retail_etl
from tasks.errors import DeliveriesFailed

async def main():
    report = await retail_etl(sources=[sys.argv[1]])
    try:
        report.status = "changed"
    except dataclasses.FrozenInstanceError:
        frozen = True
    try:
        await retail_etl(sources=[sys.argv[1], "/nowhere.csv"])
    except DeliveriesFailed as error:
        again = pickle.loads(pickle.dumps(error))
        carried = again.report.outcomes
    return {"frozen": frozen, "fields": sorted(json.loads(report.to_json())), "carried": carried,
            "own": sorted(field.name for field in dataclasses.fields(report))}

print(json.dumps(asyncio.run(main())))
"""


def test_import_of_the_flow(retail: Retail, days: Path) -> None:
    ended = retail.run(
        [sys.executable, "-c", SCRIPT, str(days / "2010-12-05.csv")], PREFECT_LOGGING_LEVEL="CRITICAL"
    )
    assert ended.code == 0, ended.err
    said = json.loads(ended.out.splitlines()[-1])
    assert said["frozen"]
    assert said["fields"] == said["own"]
    assert said["carried"] == {"unchanged": 1, "failed": 1}
