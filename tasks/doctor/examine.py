"""The whole examination: independent checks in parallel, findings in reading order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.alerts.channels.channel import Channel
from tasks.doctor.channels import Host, examine_channels
from tasks.doctor.database import DatabaseExamination, examine_database
from tasks.doctor.dump_tools import DumpTool, examine_dump_tools, find_dump_tools
from tasks.doctor.finding import Finding, from_unexpected_error
from tasks.doctor.prefect_server import PrefectServer, examine_prefect
from tasks.doctor.workspace import examine_folder
from tasks.postgres.connect import ConnectionSettings

_REPORT = "Report the settings and this name to the maintainers."


@dataclass(frozen=True)
class DoctorInputs:
    """What the doctor examines, with the findings from reading the settings.

    ``warehouse`` is None if there are no connection settings. ``channels`` is a list of findings if the channels could
    not be read. ``hosts`` is host and port by channel name.
    """

    warehouse: ConnectionSettings | None
    workspace: Path
    prefect: PrefectServer | None
    analyst_roles: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    channels: tuple[Channel, ...] | list[Finding] = ()
    hosts: Mapping[str, Host] = field(default_factory=dict)
    send_test: bool = False


async def examine(inputs: DoctorInputs) -> tuple[Finding, ...]:
    """Run every check and return all findings in order, within about a minute. Errors become findings."""
    tools = asyncio.ensure_future(find_dump_tools())
    database, workspace, prefect, channels = await asyncio.gather(
        _database(inputs),
        _guarded("workspace", examine_folder("workspace", inputs.workspace, "RETAIL_WORKSPACE")),
        _guarded("Prefect", _prefect(inputs)),
        _guarded("alerts", _channels(inputs)),
    )
    backups = await _guarded("dump tools", _dump_tools(tools, inputs, database.major))
    return (*inputs.findings, *database.findings, *backups, *workspace, *prefect, *channels)


async def _database(inputs: DoctorInputs) -> DatabaseExamination:
    try:
        return await examine_database(inputs.warehouse, inputs.analyst_roles)
    except Exception as error:  # noqa: BLE001 - the other checks run all the same
        return DatabaseExamination((from_unexpected_error("connection", error, _REPORT),))


async def _dump_tools(
    tools: Awaitable[tuple[DumpTool, ...]], inputs: DoctorInputs, major: int | None
) -> list[Finding]:
    return examine_dump_tools(await tools, inputs.warehouse, major)


async def _prefect(inputs: DoctorInputs) -> list[Finding]:
    return await examine_prefect(inputs.prefect) if inputs.prefect else []


async def _channels(inputs: DoctorInputs) -> list[Finding]:
    if isinstance(inputs.channels, list):
        return inputs.channels
    return await examine_channels(inputs.channels, inputs.hosts, send_test=inputs.send_test)


async def _guarded(name: str, work: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - an unexpected error is a finding as well
        return [from_unexpected_error(name, error, _REPORT)]
