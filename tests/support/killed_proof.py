"""Prove a backup in a process of its own, and say each step: `python -m tests.support.killed_proof VAULT IDENTITY [SERVER]`.

Whoever reads the steps kills the process at one of them: it waits a minute at "proof.compare".
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from tasks import progress
from tasks.backup.dump.tools import find_tools
from tasks.backup.keys.encryption import read_identities
from tasks.backup.listing import list_backups
from tasks.backup.proof.proof import prove_backup
from tasks.backup.vault.local import LocalVault
from tasks.postgres.settings import from_url


def _say(step: progress.Progress) -> None:
    print(step.step, flush=True)
    if step.step == "proof.compare":
        time.sleep(60)


async def _prove(vault: Path, identity: Path, server: str = "") -> None:
    (backup,) = list_backups(LocalVault(vault), None)
    settings = from_url(server) if server else None
    await prove_backup(
        LocalVault(vault), backup, read_identities(identity), await find_tools(), server=settings
    )


if __name__ == "__main__":
    with progress.listening(_say):
        asyncio.run(_prove(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
