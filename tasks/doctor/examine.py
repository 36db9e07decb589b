"""The whole examination: what is independent side by side, the findings in the order of a reader."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.alerts.policy import Channel
from tasks.doctor.channels import Host, examine_channels
from tasks.doctor.database import Examined, examine_database
from tasks.doctor.dump_tools import DumpTool, find_dump_tools, judge_dump_tools
from tasks.doctor.finding import Finding, from_unexpected_error
from tasks.doctor.prefect_server import PrefectServer, examine_prefect
from tasks.doctor.workspace import examine_folder
from tasks.postgres.connect import ConnectionSettings

_TELL = "Tell the maintainers what was set up, and this name."


@dataclass(frozen=True)
class DoctorInputs:
    """What is examined, and what was found while it was gathered. ``warehouse`` is None without an address.

    ``channels`` are the findings that say why, if they could not be read; ``hosts`` is where those of a name
    are to be reached.
    """

    warehouse: ConnectionSettings | None
    workspace: Path
    prefect: PrefectServer | None
    analyst_roles: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    channels: tuple[Channel, ...] | list[Finding] = ()
    hosts: Mapping[str, Host] = field(default_factory=dict)
    send_test: bool = False


async def examine(subjects: DoctorInputs) -> tuple[Finding, ...]:
    """Every finding, in order. Raises nothing for what it finds, and ends within about a minute."""
    tools = asyncio.ensure_future(find_dump_tools())
    database, workspace, prefect, told = await asyncio.gather(
        _database(subjects),
        _guarded("workspace", examine_folder("workspace", subjects.workspace, "RETAIL_WORKSPACE")),
        _guarded("Prefect", _prefect(subjects)),
        _guarded("alerts", _channels(subjects)),
    )
    dumping = await _guarded("dump tools", _dump_tools(tools, subjects, database.major))
    return (*subjects.findings, *database.findings, *dumping, *workspace, *prefect, *told)


async def _database(subjects: DoctorInputs) -> Examined:
    try:
        return await examine_database(subjects.warehouse, subjects.analyst_roles)
    except Exception as error:  # noqa: BLE001 - the other subjects are examined all the same
        return Examined((from_unexpected_error("connection", error, _TELL),))


async def _dump_tools(
    tools: Awaitable[tuple[DumpTool, ...]], subjects: DoctorInputs, major: int | None
) -> list[Finding]:
    return judge_dump_tools(await tools, subjects.warehouse, major)


async def _prefect(subjects: DoctorInputs) -> list[Finding]:
    return await examine_prefect(subjects.prefect) if subjects.prefect else []


async def _channels(subjects: DoctorInputs) -> list[Finding]:
    if isinstance(subjects.channels, list):
        return subjects.channels
    return await examine_channels(subjects.channels, subjects.hosts, send_test=subjects.send_test)


async def _guarded(name: str, work: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - an examination ends with findings, whatever it meets
        return [from_unexpected_error(name, error, _TELL)]
