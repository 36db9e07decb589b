"""``retail backups``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code
from flows.cli.vault_options import set_vault_options


def backups(
    *,
    vault: str | None = None,
    manifest_key: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """List the backups in a vault: age, size, why each is kept, whether it is proven, its run and quality score.

    Parameters
    ----------
    vault
        A folder, s3://BUCKET/FOLDER, or the name of a BackupVault block. Default: RETAIL_VAULT.
    manifest_key
        File with the key that authenticates the manifests. Default: RETAIL_MANIFEST_KEY.
    json
        Print the list as one line of JSON.
    """

    def command() -> int:
        set_vault_options(vault, manifest_key)
        return _backups(json)

    return with_exit_code(command, as_json=json)


def _backups(as_json: bool) -> int:
    from flows.cli.backup_table import print_backups
    from flows.cli.json_output import print_object
    from flows.cli.progress_display import show_progress
    from flows.cli.run_flow import quiet_prefect
    from flows.vault_access import backups_in

    quiet_prefect(verbose=False)
    with show_progress():
        listed = asyncio.run(backups_in())
    if as_json:
        print_object(listed.as_json())
    else:
        print_backups(listed)
    return 0
