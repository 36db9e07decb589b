"""``retail prove``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from pydantic import SecretStr

from blocks.settings_sources import set_command_line
from flows.cli.exit_codes import EXIT_FAILED, with_exit_code
from flows.cli.shared_options import check_alerts_name, set_warehouse_environment, without_password
from flows.cli.vault_options import set_vault_options


def prove(
    backup: str,
    /,
    *,
    vault: str | None = None,
    identity: str | None = None,
    manifest_key: str | None = None,
    server: str | None = None,
    warehouse: str | None = None,
    alerts: str = "",
    data_dir: str | None = None,
    verbose: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Restore a backup into a scratch database and compare everything with what was backed up.

    Parameters
    ----------
    backup
        Id of the backup, or its beginning.
    vault
        A folder, s3://BUCKET/FOLDER, or the name of a BackupVault block. Default: RETAIL_VAULT.
    identity
        File with the secret key of age. Default: RETAIL_VAULT_IDENTITY.
    manifest_key
        File with the key that authenticates the manifest. Default: RETAIL_MANIFEST_KEY.
    server
        Address without a password, or the name of a SupabaseWarehouse block: its server makes the scratch database.
        Default: RETAIL_PROOF_SERVER, else a server that is made for the proof on this machine.
    warehouse
        Where the proof is recorded too: address without a password, or the name of a block. Default:
        RETAIL_WAREHOUSE, else DATABASE_URL, else the embedded Postgres.
    alerts
        Name of an Alerts block. Default: RETAIL_ALERTS, else the channels of the environment.
    data_dir
        Folder of the embedded Postgres.
    verbose
        Show Prefect's log.
    json
        Print the proof as one line of JSON.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        set_vault_options(vault, manifest_key, identity=identity)
        check_alerts_name(alerts)
        block = ""
        if server and "://" in server:
            set_command_line({"retail_proof_server": SecretStr(without_password(server, "--server"))})
        elif server:
            block = server
        return _prove(backup, block, alerts, verbose, json)

    return with_exit_code(command, as_json=json)


def _prove(backup: str, server: str, alerts: str, verbose: bool, as_json: bool) -> int:
    from flows.cli.json_output import print_object
    from flows.cli.run_flow import run_flow
    from tasks.errors import BackupUnproven

    parameters = {"backup": backup, "prove": True, "server": server, "alerts": alerts}
    try:
        proof = run_flow("retail_restore", parameters, verbose=verbose)
    except BackupUnproven as error:
        proof = error.attributes["proof"]
    if as_json:
        print_object(
            {
                "id": str(proof.backup_id),
                "proven": proof.outcome == "passed",
                "outcome": proof.outcome,
                "findings": list(proof.findings),
                "proved_at": proof.proved_at.isoformat(timespec="seconds"),
                "server_version": proof.server_version,
                "proof": str(proof.proof_id),
            }
        )
    else:
        for finding in proof.findings:
            print(f"  {finding}")
        print(f"Backup {proof.backup_id} {_VERDICTS[proof.outcome]}.")
    return 0 if proof.outcome == "passed" else EXIT_FAILED


_VERDICTS = {
    "passed": "is proven: all rows, keys, policies and grants are equal",
    "failed": "is NOT proven: the restored copy differs",
    "incomplete": "is not proven: something could not be checked",
}
