"""``retail schema``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code


def schema(
    *,
    export: Path,
    keys: bool = True,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Write the schema as a migration for supabase db push; if earlier ones are there, what is new since.

    Parameters
    ----------
    export
        Folder of the migrations, supabase/migrations.
    keys
        Create the keys and indexes of fact_sale too, so that no run changes the schema. --no-keys leaves them to the
        first run, which loads a large history much faster without them.
    json
        Print the result as one line of JSON.
    """

    def command() -> int:
        from flows.cli.json_output import print_object
        from tasks.outside_text import displayable
        from tasks.warehouse.schema_export import export_schema

        result = export_schema(export, keys=keys)
        if json:
            path = str(result.path) if result.path else None
            print_object({"file": path, "from": result.present, "to": result.head})
        elif result.path is None:
            print(f"{displayable(export)} has the schema at {result.head} already; nothing was written.")
        else:
            print(f"{displayable(result.path)}: from {result.present or 'nothing'} to {result.head}.")
            print("Apply it: supabase db push")
        return 0

    return with_exit_code(command, as_json=json)
