"""``retail verify``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import EXIT_FAILED, with_exit_code
from flows.cli.vault_options import set_vault_options


def verify(
    backup: str,
    /,
    *,
    vault: str | None = None,
    identity: str | None = None,
    manifest_key: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Read every object of a backup again: its hash, its decryption, the archive to its end, its contents.

    Parameters
    ----------
    backup
        Id of the backup, or its beginning.
    vault
        A folder, s3://BUCKET/FOLDER, or the name of a BackupVault block. Default: RETAIL_VAULT.
    identity
        File with the secret key of age. Default: RETAIL_VAULT_IDENTITY; without one only hashes are checked.
    manifest_key
        File with the key that authenticates the manifest. Default: RETAIL_MANIFEST_KEY.
    json
        Print the result as one line of JSON.
    """

    def command() -> int:
        set_vault_options(vault, manifest_key, identity=identity)
        return _verify(backup, json)

    return with_exit_code(command, as_json=json)


def _verify(backup: str, as_json: bool) -> int:
    from dataclasses import asdict

    from flows.cli.json_output import print_object
    from flows.cli.progress_display import show_progress
    from flows.cli.run_flow import quiet_prefect
    from flows.vault_access import verified
    from tasks.postgres.traffic import size

    quiet_prefect(verbose=False)
    with show_progress():
        result = asyncio.run(verified(backup))
    if as_json:
        values = asdict(result)
        print_object({"id": values.pop("backup"), "verified": not result.findings, **values})
        return EXIT_FAILED if result.findings else 0
    for finding in result.findings:
        print(f"  {finding}")
    verdict = "is damaged" if result.findings else "is what was written"
    what = "read to their ends" if result.contents_read else "hashed; without an identity they are not read"
    print(f"Backup {result.backup} {verdict}: {result.objects} archives, {size(result.size_bytes)}, {what}.")
    print(f"Its manifest is {result.manifest}.")
    return EXIT_FAILED if result.findings else 0
