"""A backup as a Markdown artifact of its flow run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prefect.artifacts import acreate_markdown_artifact

from tasks.postgres.traffic import size
from tasks.report.markdown import escape

if TYPE_CHECKING:
    from flows.backup import BackupReport

KEY = "retail-backup"


async def publish_backup(report: BackupReport) -> None:
    """Publish the artifact ``retail-backup``."""
    rows = {
        "Backup": report.id,
        "Kind": f"table: {', '.join(report.tables)}" if report.tables else "full",
        "Vault": report.vault,
        "Snapshot": report.created_at,
        "Size": f"{size(report.size_bytes)} in {report.objects} archives ({report.compression})",
        "Rows": f"{report.rows:,}",
        "Newest completed run": report.run or "none",
        "Quality score": "none" if report.quality_score is None else f"{report.quality_score:g}",
        "Proven": "not yet: run retail-restore/drill",
    }
    lines = ["| | |", "| --- | --- |", *(f"| {name} | {escape(value)} |" for name, value in rows.items())]
    if report.not_restorable:
        lines += ["", "It cannot bring back:", "", *(f"- {escape(text)}" for text in report.not_restorable)]
    await acreate_markdown_artifact("\n".join(lines), key=KEY, description=f"Backup {report.id}")


async def publish_lines(key: str, title: str, lines: Sequence[str]) -> None:
    """Publish an artifact with a title and a list."""
    text = "\n".join([f"# {escape(title)}", "", *(f"- {escape(line)}" for line in lines)])
    await acreate_markdown_artifact(text, key=key, description=title)
