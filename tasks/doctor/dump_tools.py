"""pg_dump for backups: whether it is installed, new enough for the server, and built with TLS."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.backup.dump.tools import Tools, choose_tools, describe_tools
from tasks.doctor.finding import Finding, ok, warning
from tasks.errors import ToolMissing
from tasks.postgres.connect import ConnectionSettings

_CHECK = "dump tools"


def examine_dump_tools(
    tools: Sequence[Tools], settings: ConnectionSettings | None, major: int | None
) -> list[Finding]:
    """Check that one of the tools can back up the server; loads need none.

    Args:
        tools: The client programs of this machine.
        settings: Connection settings; TLS is needed unless they lead to this machine.
        major: Major version of the server, or None if it is unknown.

    Returns:
        One finding.
    """
    if not tools:
        fix = f"To back up, install the client programs: apt-get install postgresql-client-{major or 'VERSION'}."
        return [warning(_CHECK, "no pg_dump on this machine: loads work, backups would fail.", fix)]
    if major is None:
        return [ok(_CHECK, f"{describe_tools(tools)}; the server's version is unknown")]
    try:
        best = choose_tools(tools, major, needs_tls=settings is not None and not settings.is_loopback)
    except ToolMissing as missing:
        return [warning(_CHECK, f"{missing.what} Loads work, backups would fail.", missing.next_step)]
    return [ok(_CHECK, f"{best.pg_dump}, version {best.major}")]
