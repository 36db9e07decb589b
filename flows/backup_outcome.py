"""The outcome of a backup, proof, verification or restore in ``retail_ops``: whoever started the run reads it there.

A deployed run keeps no result in Prefect. A run whose outcome cannot be recorded is no failure: what it did is done.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any
from uuid import UUID

from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from tasks.backup.records import Operation, record_operation
from tasks.errors import RetailError
from tasks.postgres.connect import ConnectionSettings

_SECONDS = 10.0


@dataclass
class BackupOutcome:
    """What a run has to say; the flow fills it in as it learns it.

    Attributes:
        warehouse: Where it is recorded; None for nowhere.
        backup: Id of the backup.
        report: The flow's report, a dataclass.
    """

    warehouse: ConnectionSettings | None = None
    backup: str = ""
    report: Any = field(default=None)

    def as_json(self, error: RetailError | None) -> dict[str, Any]:
        """The report as JSON values, of a failed run as far as its error has one."""
        attributes = error.attributes if error is not None else {}
        report = self.report or attributes.get("proof")
        if is_dataclass(report) and not isinstance(report, type):
            return asdict(report)
        return {"findings": list(attributes["findings"])} if "findings" in attributes else {}


@asynccontextmanager
async def recorded_outcome(name: str) -> AsyncIterator[BackupOutcome]:
    """Record how the block ends, if it does so by itself; a cancelled run has no outcome but its state in Prefect.

    Args:
        name: Name of the flow.
    """
    outcome = BackupOutcome()
    try:
        yield outcome
    except RetailError as error:
        await _record(name, outcome, error)
        raise
    await _record(name, outcome, None)


async def _record(name: str, outcome: BackupOutcome, error: RetailError | None) -> None:
    if outcome.warehouse is None or not flow_run.id:
        return
    operation = Operation(
        UUID(flow_run.id), name, outcome.backup, str(error) if error else "", outcome.as_json(error)
    )
    try:
        unrecorded = await record_operation(outcome.warehouse.within(_SECONDS), operation)
    except RetailError as failure:
        unrecorded = str(failure)
    if unrecorded:
        get_run_logger().info("The outcome is not recorded in retail_ops: %s", unrecorded)
