"""``retail restore``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import check_alerts_name, set_warehouse_environment
from flows.cli.vault_options import set_vault_options


@Parameter(name="*")
@dataclass(frozen=True)
class Keys:
    """Where the backups are, and the keys that open them.

    Parameters
    ----------
    vault
        A folder, s3://BUCKET/FOLDER, or the name of a BackupVault block. Default: RETAIL_VAULT.
    identity
        File with the secret key of age. Default: RETAIL_VAULT_IDENTITY.
    recipient
        Public key that the backup of what is there is encrypted to. Default: RETAIL_VAULT_RECIPIENTS.
    manifest_key
        File with the key that authenticates the manifest. Default: RETAIL_MANIFEST_KEY.
    """

    vault: str | None = None
    identity: str | None = None
    recipient: Annotated[list[str] | None, Parameter(negative=())] = None
    manifest_key: str | None = None


def restore(
    backup: str = "",
    /,
    *,
    last_good: Annotated[bool, Parameter(negative=())] = False,
    run: str = "",
    table: str = "",
    beside: str = "",
    warehouse: str | None = None,
    keys: Keys | None = None,
    confirm: str = "",
    alerts: str = "",
    data_dir: str | None = None,
    verbose: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Restore a backup, or one table of it; without --confirm only show the plan.

    Parameters
    ----------
    backup
        Id of the backup, or its beginning.
    last_good
        Take the newest backup of which the newest completed run reached its quality threshold.
    run
        Take the newest backup that holds the run of this id.
    table
        Restore this table alone, as SCHEMA.TABLE.
    beside
        With --table: name that the restored table gets beside the live one, which stays as it is.
    warehouse
        Where to: address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL,
        else the embedded Postgres.
    confirm
        Name of the database; restores into it, after a backup of what is there.
    alerts
        Name of an Alerts block. Default: RETAIL_ALERTS, else the channels of the environment.
    data_dir
        Folder of the embedded Postgres.
    verbose
        Show Prefect's log.
    json
        Print the result as one line of JSON.
    """

    def command() -> int:
        chosen = {"backup": backup, "last_good": last_good, "run": run}
        _ensure_chosen(chosen)
        set_warehouse_environment(warehouse, data_dir)
        opened = keys or Keys()
        set_vault_options(opened.vault, opened.manifest_key, opened.recipient or (), opened.identity)
        check_alerts_name(alerts)
        parameters = {"table": table, "beside": beside, "confirm": confirm, "alerts": alerts}
        return _restore(chosen | parameters, verbose, json)

    return with_exit_code(command, as_json=json)


def _ensure_chosen(chosen: dict[str, Any]) -> None:
    from tasks.errors import SettingsError

    if not any(chosen.values()):
        raise SettingsError(
            "No backup is chosen.",
            "Give its id (retail backups), --last-good or --run RUN.",
            setting="backup",
        )


def _restore(parameters: dict[str, Any], verbose: bool, as_json: bool) -> int:
    from dataclasses import asdict

    from flows.cli.json_output import print_object
    from flows.cli.run_flow import run_flow
    from tasks.outside_text import displayable

    report = run_flow("retail_restore", parameters, verbose=verbose)
    if as_json:
        print_object(asdict(report) | {"id": report.backup, "status": "completed"})
        return 0
    what = displayable(report.table or "the whole backup")
    if not report.done:
        print(f"Restore of {what} ({report.backup}) into {report.target}:")
        for line in report.plan:
            print(f"  {displayable(line)}")
        print(f"Nothing was changed. To restore it, add: --confirm {report.database}")
        return 0
    print(f"Restored {what} ({report.backup}) into {report.target} in {report.seconds:.1f} s.")
    for remark in report.remarks:
        print(f"  {displayable(remark)}")
    if report.backup_before:
        print(f"What was there is in backup {report.backup_before}.")
    return 0
