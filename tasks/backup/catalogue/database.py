"""A database apart from its objects: its locale, and what no backup of it can bring back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from tasks.backup.catalogue.catalogue import HIDDEN
from tasks.backup.catalogue.scope import Scope
from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import sql

_LOCALE = ("encoding", "provider", "collate", "ctype", "locale", "icu_rules", "collation_version")
_SHOWN = 5


@dataclass(frozen=True)
class DatabaseFacts:
    """Facts on a database.

    Attributes:
        locale: ``encoding``, ``provider`` (``libc``, ``icu`` or ``builtin``), ``collate``, ``ctype``, ``locale``,
            ``icu_rules`` and ``collation_version``; empty where the server has none.
        not_restorable: What a restore cannot bring back, a sentence each.
    """

    locale: Mapping[str, str]
    not_restorable: tuple[str, ...]


async def read_database(
    connection: asyncpg.Connection, catalogue: Mapping[str, Any], scope: Scope | None = None
) -> DatabaseFacts:
    """Read the facts on the database of a connection; ``catalogue`` is its catalogue."""
    (row,) = await fetch_json(connection, sql("select_database", "tasks.backup"))
    return DatabaseFacts(
        {name: row[name] for name in _LOCALE}, tuple(_not_restorable(row, catalogue, scope or Scope()))
    )


def _not_restorable(row: Mapping[str, Any], catalogue: Mapping[str, Any], scope: Scope) -> Iterator[str]:
    logins = [name for name, role in catalogue.get("roles", {}).items() if role["login"]]
    if logins:
        yield f"The passwords of {_some(logins)} are not in the backup: set them again."
    if row["has_vault"]:
        yield "The secrets of Supabase Vault are not in the backup: their root key lies outside of the database."
    if row["has_buckets"] and "storage" in scope.included:
        yield "The files in storage buckets are not in the backup, only the rows about them."
    if row["has_cron_jobs"]:
        yield "The jobs of pg_cron are not in the backup: schedule them again with cron.schedule()."
    if row["subscriptions"]:
        yield f"The subscriptions {_some(row['subscriptions'])} are not in the backup: create them again."
    hidden = [
        f"{setting.partition('=')[0]} of {item.get('role', 'the database')}"
        for item in catalogue.get("settings", {}).values()
        for setting in item["settings"]
        if f"={HIDDEN}" in setting
    ]
    if hidden:
        yield f"The settings {_some(hidden)} are not in the backup, since they may hold a secret: set them again."


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(sorted(names)[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
