"""What the flows beside the main job read and write."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.postgres.settings import ConnectionSettings
from tasks.report.lineage.location import database_location, file_location, table_location
from tasks.report.lineage.record import DatasetRecord
from tasks.report.lineage.run import JobData
from tasks.report.lineage.stages import DELIVERY
from tasks.report.lineage.star_schema import LOADED


def withdrawal(delivery: str, warehouse: ConnectionSettings, run_id: str) -> JobData:
    """A withdrawal: the delivery decides which lines the tables lose."""
    return JobData(
        (DatasetRecord(DELIVERY, file_location(delivery)),),
        tuple(DatasetRecord(table.name, table_location(warehouse, table.name), run_id) for table in LOADED),
    )


def backup(
    warehouse: ConnectionSettings, tables: Sequence[str], vault: str, backup_id: str, rows: int, size: int
) -> JobData:
    """A backup, from the database or some of its tables to the vault."""
    return JobData(_database(warehouse, tables), (_in_vault(vault, backup_id, rows, size),))


def restore(warehouse: ConnectionSettings, table: str, vault: str, backup_id: str) -> JobData:
    """A restore, from the vault to the database or one of its tables."""
    return JobData((_in_vault(vault, backup_id),), _database(warehouse, [table] if table else []))


def _database(warehouse: ConnectionSettings, tables: Sequence[str]) -> tuple[DatasetRecord, ...]:
    if not tables:
        return (DatasetRecord("", database_location(warehouse)),)
    return tuple(DatasetRecord("", table_location(warehouse, table)) for table in tables)


def _in_vault(vault: str, backup_id: str, rows: int | None = None, size: int | None = None) -> DatasetRecord:
    return DatasetRecord("", file_location(f"{vault.rstrip('/')}/{backup_id}"), backup_id, rows, size)
