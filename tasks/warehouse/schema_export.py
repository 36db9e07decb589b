"""The schema as a migration of Supabase's command line, which ``supabase db push`` applies.

Only files in its folder are written: the table in which Supabase records its migrations is Supabase's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasks.errors import SettingsError
from tasks.outside_text import displayable
from tasks.warehouse.indexes import keys_script
from tasks.warehouse.migrate import head_revision, revisions, schema_script

_HEAD = "-- The schema of prefect-retail, from {present} to {head}. Do not edit: it stamps this revision."
_OURS = re.compile(r"^-- The schema of prefect-retail, from (?P<present>\w+) to (?P<head>\w+)\.")
_NOTHING = "nothing"
_FILE = re.compile(r"^(\d{14})_(.*)\.sql$")
_ENSURE = """do $$
declare
    present text := 'nothing';
begin
    if to_regclass('retail_ops.schema_version') is not null then
        execute 'select coalesce(string_agg(version_num, '', ''), ''nothing'') from retail_ops.schema_version'
        into present;
    end if;
    if present <> '{present}' then
        raise exception 'the retail schema is at %, and this migration begins at {present}', present
        using hint = 'If it is at {head} already: supabase migration repair --status applied {version}';
    end if;
end
$$;
"""


@dataclass(frozen=True)
class SchemaExport:
    """The export: its file, None if the folder was up to date, and the revisions from which and to which it goes."""

    path: Path | None
    present: str | None
    head: str


def export_schema(folder: Path, *, keys: bool = True, now: datetime | None = None) -> SchemaExport:
    """Write what is new since the last export into a folder of migrations; all of the schema if there was none.

    Args:
        folder: The folder, such as ``supabase/migrations``; made if it is missing.
        keys: Create the keys and indexes of fact_sale too, so that no load runs DDL. Only in a first export.
        now: Time of the file, for its name.

    Raises:
        SettingsError: the folder cannot be written, or an earlier export is not known to this release.
    """
    head = head_revision()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = sorted(path for path in folder.iterdir() if _FILE.match(path.name))
        present = _last_export(files)
        if present == head:
            return SchemaExport(None, present, head)
        version = _version(files, now or datetime.now(UTC))
        path = folder / f"{version}_retail.sql"
        with path.open("x", encoding="utf-8") as file:
            file.write(_text(present, head, version, keys=keys))
    except OSError as error:
        raise SettingsError(
            f"{displayable(folder)} cannot be written ({error.strerror}).",
            "Name the folder supabase/migrations of a project that you may write to.",
            setting="export",
        ) from None
    return SchemaExport(path, present, head)


def _text(present: str | None, head: str, version: str, *, keys: bool) -> str:
    values = {"present": present or _NOTHING, "head": head}
    parts = [_HEAD.format(**values), _ENSURE.format(**values, version=version), schema_script(present)]
    if keys and present is None:
        parts.append(f"{keys_script()}\n")
    return "\n".join(parts)


def _version(files: list[Path], now: datetime) -> str:
    """The 14 digits: now, but after the last migration, since Supabase refuses one that comes before it."""
    digits = f"{now:%Y%m%d%H%M%S}"
    last = files[-1].name[:14] if files else ""
    return digits if digits > last else str(int(last) + 1)


def _last_export(files: list[Path]) -> str | None:
    """The revision to which the exports in the folder lead; None without one."""
    present = None
    for path in files:
        with path.open(encoding="utf-8", errors="replace") as file:
            match = _OURS.match(file.readline())
        if match is None:
            if path.name[15:] == "retail.sql":
                raise SettingsError(
                    f"{displayable(path)} is no export of this package, or was edited.",
                    "Rename it if it is your own; else restore it from your version control.",
                    setting="export",
                )
            continue
        begins = None if match["present"] == _NOTHING else match["present"]
        if begins != present or match["head"] not in revisions():
            raise SettingsError(
                f"{displayable(path)} goes from {match['present']} to {match['head']}, which does not continue the "
                f"exports before it ({present or _NOTHING}), or is unknown to this release.",
                "Export with the release that wrote it, or a newer one; keep all exports in the folder.",
                setting="export",
            )
        present = match["head"]
    return present
