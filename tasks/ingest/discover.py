"""Find the deliveries behind files, folders and globs, and name them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import DeliveryError, DeliveryMissing, DeliveryUnreadable, SettingsError

SUFFIXES = (".csv", ".parquet")
# A batch is about this much text: bounded memory, and enough work for each task.
BATCH_BYTES = 16 * 1024 * 1024
# A compressed Parquet file of sales lines is about this much larger as text.
_PARQUET_EXPANSION = 16


@dataclass(frozen=True)
class Delivery:
    """A file to take: its name within the feed, where it is, and its size in bytes."""

    name: str
    path: str
    size: int

    @property
    def weight(self) -> int:
        """Estimated bytes of text in it."""
        return self.size * (_PARQUET_EXPANSION if self.path.lower().endswith(".parquet") else 1)


@dataclass(frozen=True)
class Discovered:
    """What the sources led to: deliveries in order, what is missing, and files passed over in folders."""

    deliveries: tuple[Delivery, ...]
    failed: tuple[DeliveryError, ...] = ()
    passed_over: tuple[str, ...] = ()


@dataclass
class _Found:
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    failed: list[DeliveryError] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


def discover(sources: Iterable[str], root: str | None = None) -> Discovered:
    """Resolve ``sources`` (a file, a folder, or a glob each) into deliveries.

    A delivery's name is the absolute path of the file with its links resolved; ``root`` is cut off
    its front, for feeds read on several machines. File, folder and glob give the same file the same
    name, and a file met twice is taken once. A folder gives its CSV and Parquet files, those of its
    sub-folders too, without hidden ones. What is missing is reported in ``failed`` and stops nothing.
    Raises SettingsError if ``root`` is not a folder.
    """
    prefix = None
    if root:
        prefix = Path(root).expanduser().resolve()
        if not prefix.is_dir():
            raise SettingsError(f"root: {prefix} is not a folder.", setting="root")
    found = _Found()
    for source in sources:
        _expand(source, prefix, found)
    return Discovered(tuple(found.deliveries.values()), tuple(found.failed), tuple(found.passed_over))


def _expand(source: str, prefix: Path | None, found: _Found) -> None:
    path = Path(source).expanduser()
    if path.is_dir():
        _add_many(_walk(path), source, prefix, found)
    elif path.exists():
        _add(path, prefix, found)
    elif glob.has_magic(source):
        matches = (Path(match) for match in sorted(glob.glob(str(path), recursive=True)))
        _add_many([match for match in matches if match.is_file()], source, prefix, found)
    else:
        found.failed.append(
            DeliveryMissing.of(source, "there is no such file or folder. Check the path on the machine that runs.")
        )


def _walk(folder: Path) -> list[Path]:
    files: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
    return files


def _add_many(files: Sequence[Path], source: str, prefix: Path | None, found: _Found) -> None:
    wanted = [file for file in files if file.suffix.lower() in SUFFIXES]
    found.passed_over += [str(file) for file in files if file.suffix.lower() not in SUFFIXES]
    if not wanted:
        found.failed.append(
            DeliveryMissing.of(source, f"no file there ends in {' or '.join(SUFFIXES)}. Check the path or pattern.")
        )
    for file in wanted:
        _add(file, prefix, found)


def _add(file: Path, prefix: Path | None, found: _Found) -> None:
    path = file.resolve()
    name = str(path)
    if prefix is not None and path.is_relative_to(prefix):
        name = path.relative_to(prefix).as_posix()
    if path.suffix.lower() not in SUFFIXES:
        found.failed.append(
            DeliveryUnreadable.of(name, f"it ends in none of {', '.join(SUFFIXES)}; deliver it as one of these.")
        )
        return
    try:
        size = path.stat().st_size
    except OSError as error:
        found.failed.append(DeliveryMissing.of(name, f"it cannot be looked at ({error.strerror})."))
        return
    found.deliveries.setdefault(name, Delivery(name, str(path), size))


def batches(deliveries: Sequence[Delivery], batch_bytes: int = BATCH_BYTES) -> list[tuple[Delivery, ...]]:
    """Group deliveries, in order, into batches of about ``batch_bytes`` of text; a large one stands alone."""
    groups: list[list[Delivery]] = []
    room = 0
    for delivery in deliveries:
        if not groups or delivery.weight > room:
            groups.append([])
            room = batch_bytes
        groups[-1].append(delivery)
        room -= delivery.weight
    return [tuple(group) for group in groups]
