"""What broken backups left in a vault: archives without a manifest, and unfinished writes."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from tasks import progress
from tasks.backup.manifest import MANIFEST
from tasks.backup.vault.store import Vault, VaultObject

DEFAULT_GRACE = timedelta(hours=24)


def clean_leftovers(
    vault: Vault, grace: timedelta = DEFAULT_GRACE, now: datetime | None = None
) -> tuple[str, ...]:
    """Delete archives of folders without a manifest, and unfinished writes, that are older than the grace time.

    Within it a backup that is being written has no manifest either.

    Args:
        vault: The vault.
        grace: Longest time that a backup may take.
        now: The present time, with time zone.

    Returns:
        Names of the objects that were deleted.

    Raises:
        VaultError, VaultUnreachable: the vault cannot be read, or refuses.
    """
    before = (now or datetime.now(UTC)) - grace
    folders: dict[str, list[VaultObject]] = defaultdict(list)
    for found in vault.objects():
        folders[found.name.partition("/")[0]].append(found)
    deleted = []
    for folder, objects in folders.items():
        if any(found.name == f"{folder}/{MANIFEST}" for found in objects):
            continue
        if max(found.modified for found in objects) < before:
            for found in objects:
                vault.delete(found.name)
                deleted.append(found.name)
    deleted += vault.remove_unfinished(before)
    if deleted:
        progress.report("backup.leftovers", f"{len(deleted)} objects of broken backups deleted")
    return tuple(deleted)
