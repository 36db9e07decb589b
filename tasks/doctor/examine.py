"""The whole examination: independent checks in parallel, findings in reading order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.alerts.channels.channel import Channel
from tasks.backup.dump.tools import Tools, find_tools
from tasks.doctor.backups import BackupInputs, examine_backups
from tasks.doctor.channels import Host, examine_channels
from tasks.doctor.database import DatabaseExamination, examine_database
from tasks.doctor.dump_tools import examine_dump_tools
from tasks.doctor.finding import Finding, Status, from_error, from_unexpected_error
from tasks.doctor.orphans import examine_orphans
from tasks.doctor.prefect_server import PrefectServer, examine_prefect
from tasks.doctor.workspace import examine_folder
from tasks.errors import ToolMissing
from tasks.postgres.connect import ConnectionSettings

_REPORT = "Report the settings and this name to the maintainers."


@dataclass(frozen=True)
class DoctorInputs:
    """What the doctor examines, with the findings from reading the settings.

    ``warehouse`` is None if there are no connection settings. ``channels`` is a list of findings if the channels could
    not be read. ``hosts`` is host and port by channel name. ``tools_folder`` is that of RETAIL_POSTGRES_BIN. ``backups`` is
    None without a vault.
    """

    warehouse: ConnectionSettings | None
    workspace: Path
    prefect: PrefectServer | None
    analyst_roles: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    channels: tuple[Channel, ...] | list[Finding] = ()
    hosts: Mapping[str, Host] = field(default_factory=dict)
    send_test: bool = False
    tools_folder: str = ""
    backups: BackupInputs | None = None


async def examine(inputs: DoctorInputs) -> tuple[Finding, ...]:
    """Run every check and return all findings in order, within about a minute. Errors become findings."""
    tools = asyncio.ensure_future(find_tools(inputs.tools_folder))
    database, workspace, prefect, orphans, vault, channels = await asyncio.gather(
        _database(inputs),
        _guarded("workspace", examine_folder("workspace", inputs.workspace, "RETAIL_WORKSPACE")),
        _guarded("Prefect", _prefect(inputs)),
        _guarded("leftovers", _orphans(inputs)),
        _guarded("vault", examine_backups(inputs.backups, inputs.warehouse)),
        _guarded("alerts", _channels(inputs)),
    )
    backups = await _guarded("dump tools", _dump_tools(tools, inputs, database.major))
    return (*inputs.findings, *database.findings, *backups, *vault, *workspace, *prefect, *orphans, *channels)


async def _orphans(inputs: DoctorInputs) -> list[Finding]:
    if inputs.prefect is None or inputs.prefect.home is None:
        return []
    return await asyncio.to_thread(examine_orphans, inputs.prefect.home)


async def _database(inputs: DoctorInputs) -> DatabaseExamination:
    try:
        return await examine_database(inputs.warehouse, inputs.analyst_roles)
    except Exception as error:  # noqa: BLE001 - the other checks run all the same
        return DatabaseExamination((from_unexpected_error("connection", error, _REPORT),))


async def _dump_tools(
    tools: Awaitable[tuple[Tools, ...]], inputs: DoctorInputs, major: int | None
) -> list[Finding]:
    try:
        found = await tools
    except ToolMissing as missing:
        return [from_error("dump tools", missing, Status.WARNING)]
    return examine_dump_tools(found, inputs.warehouse, major)


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
