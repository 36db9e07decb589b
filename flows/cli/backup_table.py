"""The backups of a vault as a table on a terminal."""

from __future__ import annotations

import sys
from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.vault_access import ListedBackups
from tasks.backup.listing import Backup
from tasks.outside_text import displayable
from tasks.postgres.traffic import size

_PIPE_WIDTH = 200
_KEPT_BY_WIDTH = 12


def print_backups(listed: ListedBackups) -> None:
    """Print a row a backup, newest first."""
    # A pipe has no width to fit into.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    if not listed.backups:
        console.print(f"No backups in {escape(displayable(listed.vault))}. Make one: retail backup")
        return
    table = Table(
        title=escape(displayable(listed.vault)), title_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    for heading in ("backup", "age", "of", "size", "proven", "kept by", "run", "score"):
        table.add_column(
            heading,
            justify="right" if heading in {"age", "size", "score"} else "left",
            no_wrap=heading not in {"of", "kept by"},
            min_width=_KEPT_BY_WIDTH if heading == "kept by" else None,
            overflow="fold",
        )
    for backup in listed.backups:
        table.add_row(*(escape(displayable(text)) for text in _row(backup, listed)))
    console.print(table)


def _row(backup: Backup, listed: ListedBackups) -> tuple[str, ...]:
    manifest = backup.manifest
    if manifest is None:
        return backup.id[:8], "", "unreadable", size(backup.size), "no", "", "", backup.problem
    state = manifest.warehouse
    score = "" if state is None or state.quality_score is None else f"{state.quality_score:.2f}"
    return (
        backup.id[:8],
        _age(listed.now - manifest.created_at),
        manifest.database if manifest.kind == "full" else ", ".join(manifest.tables),
        size(backup.size),
        backup.proofs[0].outcome if backup.proofs else "not yet",
        ", ".join(map(_short, listed.reasons.get(backup.id, ()))) or "no rule",
        state.run[:8] if state and state.run else "",
        score,
    )


def _short(reason: str) -> str:
    """A reason that fits into a column: without its date, or in fewer words."""
    words = {"newer than the newest proven one": "newer than proof", "no backup is proven": "none proven"}
    kind, _, _ = reason.partition(" ")
    return kind if kind in {"daily", "weekly", "monthly"} else words.get(reason, reason)


def _age(age: timedelta) -> str:
    if age.days:
        return f"{age.days} d"
    hours, seconds = divmod(max(0, round(age.total_seconds())), 3600)
    return f"{hours} h" if hours else f"{seconds // 60} min"
