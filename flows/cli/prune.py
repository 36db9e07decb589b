"""``retail prune``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code
from flows.cli.vault_options import set_vault_options


def prune(
    *,
    vault: str | None = None,
    keep_last: int | None = None,
    daily: int | None = None,
    weekly: int | None = None,
    monthly: int | None = None,
    minimum: int | None = None,
    manifest_key: str | None = None,
    confirm: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Delete the backups that no rule keeps; without --confirm only show which.

    Parameters
    ----------
    vault
        A folder, s3://BUCKET/FOLDER, or the name of a BackupVault block. Default: RETAIL_VAULT.
    keep_last
        Keep the newest N proven backups. Default: RETAIL_BACKUP_KEEP_LAST.
    daily
        Keep one proven backup a day, for N days that have one. Default: RETAIL_BACKUP_KEEP_DAILY.
    weekly
        The same for weeks. Default: RETAIL_BACKUP_KEEP_WEEKLY.
    monthly
        The same for months. Default: RETAIL_BACKUP_KEEP_MONTHLY.
    minimum
        Proven backups that are never deleted. Default: RETAIL_BACKUP_KEEP_MINIMUM.
    manifest_key
        File with the key that authenticates the manifests. Default: RETAIL_MANIFEST_KEY.
    confirm
        Delete them.
    json
        Print the result as one line of JSON.
    """

    def command() -> int:
        set_vault_options(vault, manifest_key)
        numbers = {
            "keep_last": keep_last,
            "daily": daily,
            "weekly": weekly,
            "monthly": monthly,
            "minimum": minimum,
        }
        return _prune(numbers, confirm, json)

    return with_exit_code(command, as_json=json)


def _prune(numbers: dict[str, int | None], confirm: bool, as_json: bool) -> int:
    from blocks import settings_sources
    from flows.cli.backup_table import print_backups
    from flows.cli.json_output import print_object
    from flows.cli.progress_display import show_progress
    from flows.cli.run_flow import quiet_prefect
    from flows.vault_access import prune, rule_of
    from tasks.errors import SettingsError
    from tasks.outside_text import displayable

    wrong = [name for name, number in numbers.items() if number is not None and number < 0]
    if wrong:
        raise SettingsError(f"--{wrong[0].replace('_', '-')}: the number is negative.", setting=wrong[0])
    quiet_prefect(verbose=False)
    with show_progress():
        rule = rule_of(settings_sources.read_settings(), **numbers)
        pruned = asyncio.run(prune(rule=rule, confirm=confirm))
    if as_json:
        named = "deleted" if confirm else "would_delete"
        print_object({"vault": pruned.listed.vault, named: list(pruned.ids), "done": confirm})
        return 0
    if not confirm:
        print_backups(pruned.listed)
    print(displayable(pruned.summary))
    if pruned.ids and not confirm:
        print("Nothing was deleted. To delete them, add: --confirm")
    return 0
