"""``retail backup``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import check_alerts_name, set_warehouse_environment
from flows.cli.vault_options import set_vault_options


def backup(
    *,
    table: Annotated[list[str] | None, Parameter(negative=())] = None,
    include: Annotated[list[str] | None, Parameter(negative=())] = None,
    warehouse: str | None = None,
    vault: str | None = None,
    recipient: Annotated[list[str] | None, Parameter(negative=())] = None,
    manifest_key: str | None = None,
    alerts: str = "",
    data_dir: str | None = None,
    verbose: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Back up the database into a vault, encrypted.

    Parameters
    ----------
    table
        SCHEMA.TABLE, to back up this table alone; may be given several times.
    include
        Managed schemas of Supabase whose rows are backed up too: auth,storage.
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    vault
        A folder, s3://BUCKET/FOLDER, or the name of a BackupVault block. Default: RETAIL_VAULT.
    recipient
        Public key of age that the backup is encrypted to; may be given several times. Default:
        RETAIL_VAULT_RECIPIENTS.
    manifest_key
        File with the key that authenticates the manifest. Default: RETAIL_MANIFEST_KEY.
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
        set_warehouse_environment(warehouse, data_dir)
        set_vault_options(vault, manifest_key, recipient or ())
        check_alerts_name(alerts)
        managed = [name.strip() for text in include or () for name in text.split(",") if name.strip()]
        return _backup(table or [], managed, alerts, verbose, json)

    return with_exit_code(command, as_json=json)


def _backup(tables: list[str], managed: list[str], alerts: str, verbose: bool, as_json: bool) -> int:
    from dataclasses import asdict

    from flows.cli.json_output import print_object
    from flows.cli.run_flow import run_flow
    from tasks.errors import SettingsError
    from tasks.postgres.traffic import size

    if set(managed) - {"auth", "storage"}:
        raise SettingsError(
            f"--include {','.join(managed)}: only auth and storage can be included.", setting="include"
        )
    parameters = {"tables": tables, "include": managed, "alerts": alerts}
    report = run_flow("retail_backup", parameters, verbose=verbose)
    if as_json:
        print_object(asdict(report) | {"status": "completed"})
        return 0
    print(f"Backup {report.id}: {report.rows:,} rows, {size(report.size_bytes)}")
    print(f"  of {', '.join(report.tables) or 'the whole database'}, in {report.vault}")
    for text in report.not_restorable:
        print(f"  It cannot bring back: {text}")
    if report.made_key:
        print(f"A key for the manifests was made; keep a copy of it with the identity: {report.made_key}")
    print(
        f"Prove that it can be restored: retail prove {report.id[:8]} --vault {report.vault} --identity FILE"
    )
    return 0
