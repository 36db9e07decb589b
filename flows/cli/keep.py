"""``retail keep``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code
from flows.cli.vault_options import set_vault_options


def keep(
    backup: str,
    /,
    *,
    vault: str | None = None,
    manifest_key: str | None = None,
    undo: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Keep a backup for ever, whatever the rules of retention say.

    Parameters
    ----------
    backup
        Id of the backup, or its beginning.
    vault
        A folder, s3://BUCKET/FOLDER, or the name of a BackupVault block. Default: RETAIL_VAULT.
    manifest_key
        File with the key that authenticates the manifests. Default: RETAIL_MANIFEST_KEY.
    undo
        Take the mark away, so that the rules decide again.
    json
        Print the result as one line of JSON.
    """

    def command() -> int:
        from flows.cli.json_output import print_object
        from flows.cli.progress_display import show_progress
        from flows.cli.run_flow import quiet_prefect
        from flows.vault_access import mark

        set_vault_options(vault, manifest_key)
        quiet_prefect(verbose=False)
        with show_progress():
            found = asyncio.run(mark(backup, is_kept=not undo))
        if json:
            print_object({"id": found, "kept": not undo})
        else:
            print(f"Backup {found} {'is kept by the rules only' if undo else 'is kept for ever'}.")
        return 0

    return with_exit_code(command, as_json=json)
