"""Integrity checks of users: one .sql file each, run by itself, read-only and within a time limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import SettingsError, UntrustedPath
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.questions import ask
from tasks.warehouse.integrity.check import Check, custom_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tasks.warehouse.integrity.last import last_integrity, last_integrity_query

_HEAD = "-- severity: {}\n-- finds: weekends\n"


def _checks(folder: Path, query: str, severity: str = "warning") -> tuple[Check, ...]:
    folder.mkdir(exist_ok=True)
    (folder / "weekends.sql").write_text(_HEAD.format(severity) + query)
    (folder / "notes.txt").write_text("no check")
    return custom_checks(folder)


@pytest.mark.parametrize(("severity", "passed"), [("warning", True), ("error", False)])
async def test_its_rows_are_violations(
    warehouse: ConnectionSettings, tmp_path: Path, severity: str, passed: bool
) -> None:
    query = "select date, 0.10::numeric as price -- ours\nfrom retail_dwh.dim_date where is_weekend order by date;\n"
    report = await examine_integrity(warehouse, _checks(tmp_path, query, severity))
    (result,) = report.results
    assert (result.violations, result.finds, report.passed) == (5218, "weekends", passed)
    assert [dict(sample) for sample in result.samples][:2] == [
        {"date": "2000-01-01", "price": "0.10"},
        {"date": "2000-01-02", "price": "0.10"},
    ]
    async with connected(warehouse) as connection:
        answers = await ask(connection, {"last": last_integrity_query()})
    last = last_integrity(answers["last"])
    assert last is not None
    assert last.examined_at == report.examined_at
    assert [(row.name, row.violations, row.samples) for row in last.results] == [
        ("weekends", 5218, result.samples)
    ]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("select pg_sleep(5)", "longer than 0.2 s"),
        ("select * from retail_dwh.nothing", "nothing"),
        (
            "select 1) as violation) as numbered; delete from retail_dwh.dim_date; "
            "select from (select from (select 1",
            "multiple commands",
        ),
        ("with x as (delete from retail_dwh.dim_date returning 1) select * from x", ""),
        ("select retail_dwh.wipe()", "read-only"),
    ],
)
async def test_one_that_cannot_run_is_a_failure_and_changes_nothing(
    warehouse: ConnectionSettings, tmp_path: Path, query: str, reason: str
) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            "create function retail_dwh.wipe() returns integer language sql "
            "as 'delete from retail_dwh.dim_date returning 1'"
        )
    report = await examine_integrity(warehouse, _checks(tmp_path, query), custom_seconds=0.2)
    (result,) = report.results
    assert (result.violations, result.status, report.passed) == (None, "failed", False)
    assert reason in result.error
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_dwh.dim_date") == 18_263
        stored = await connection.fetchval("select error from retail_ops.integrity_result")
    assert stored == result.error


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select 1", "severity"),
        ("-- severity: fatal\n-- finds: x\nselect 1", "severity"),
        ("-- severity: error\nselect 1", "finds"),
        ("-- severity: error\n-- finds: x\n;", "no query"),
    ],
)
def test_a_file_that_is_no_check(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "mine.sql").write_text(text)
    with pytest.raises(SettingsError, match=rf"mine\.sql.*{reason}"):
        custom_checks(tmp_path)


def test_the_name_of_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "zero_prices.sql").write_text(_HEAD.format("error") + "select 1")
    with pytest.raises(SettingsError, match="name of a check of this package"):
        custom_checks(tmp_path)


def test_a_folder_that_others_can_write(tmp_path: Path) -> None:
    folder = tmp_path / "checks"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(UntrustedPath, match="RETAIL_INTEGRITY_CHECKS"):
        custom_checks(folder)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        custom_checks(tmp_path / "none")
