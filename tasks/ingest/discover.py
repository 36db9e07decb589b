"""Find the deliveries behind files, folders and globs, and name them."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import DeliveryError, DeliveryMissing, DeliveryUnreadable, SettingsError

SUFFIXES = (".csv", ".parquet")
# A batch is about this much text: bounded memory, and enough work for each task.
BATCH_BYTES = 16 * 1024 * 1024
# Of the two users of a process, the one whose rights reading needs.
_EFFECTIVE = os.access in os.supports_effective_ids
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
        return self.size * (_PARQUET_EXPANSION if _suffix(self.path) == ".parquet" else 1)


@dataclass(frozen=True)
class Discovery:
    """What the sources led to: deliveries in order, what cannot be taken, and files that were passed over."""

    deliveries: tuple[Delivery, ...]
    failed: tuple[DeliveryError, ...] = ()
    passed_over: tuple[str, ...] = ()


def discover(sources: Iterable[str], root: str | None = None) -> Discovery:
    """Resolve ``sources`` (a file, a folder, or a glob each) into deliveries.

    A delivery's name is the absolute path of the file with its links resolved; ``root`` is cut off
    its front, for feeds read on several machines. File, folder and glob give the same file the same
    name, and a file met twice is taken once. A folder gives its CSV and Parquet files, those of its
    sub-folders too, without hidden ones; links in it are followed. A glob gives the files that match.
    What cannot be taken is reported in ``failed`` and stops nothing.
    Raises SettingsError if ``root`` is not a folder.
    """
    prefix = None
    if root:
        prefix = Path(os.path.realpath(os.path.expanduser(root)))
        if not os.path.isdir(prefix):
            raise SettingsError(f"root: {prefix} is not a folder.", setting="root")
    search = _Search(prefix)
    for source in sources:
        search.expand(source)
    return Discovery(
        tuple(search.deliveries.values()),
        tuple(search.failed.values()),
        tuple(dict.fromkeys(search.passed_over)),
    )


@dataclass
class _Search:
    """Collects what the sources lead to; each name once, in the order in which it is met first."""

    prefix: Path | None
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    failed: dict[str, DeliveryError] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)

    def expand(self, source: str) -> None:
        path = os.path.expanduser(source)
        if os.path.isdir(path):
            self._add_many(self._walk(path), source)
        elif os.path.exists(path):
            self._add(path)
        elif glob.has_magic(source):
            self._look_into(path)
            matches = sorted(glob.glob(path, recursive=True))
            self._add_many([match for match in matches if not os.path.isdir(match)], source)
        else:
            self._fail(
                DeliveryMissing,
                source,
                "there is no such file or folder. Check the path on the machine that runs.",
            )

    def _look_into(self, pattern: str) -> None:
        """Report the folders on the way of a pattern that may not be entered or listed: glob passes over them."""
        if os.path.basename(pattern) == "**":
            pattern = os.path.join(pattern, "*")
        while glob.has_magic(pattern):
            pattern, entry = os.path.split(pattern)
            listed = glob.has_magic(entry) or os.path.basename(pattern) == "**"
            need = os.X_OK | (os.R_OK if listed else 0)
            for folder in glob.glob(pattern or ".", recursive=True):
                if os.path.isdir(folder) and not os.access(folder, need, effective_ids=_EFFECTIVE):
                    self._closed(folder, "Permission denied")

    def _closed(self, folder: str, cause: str | None) -> None:
        what = f"the folder cannot be listed ({cause}). Check its permissions."
        self._fail(DeliveryUnreadable, folder, what)

    def _fail(self, kind: type[DeliveryError], name: str, what: str) -> None:
        self.failed.setdefault(name, kind(what, delivery=name))

    def _walk(self, folder: str) -> list[str]:
        files: list[str] = []
        entered: set[str] = set()

        def refused(error: OSError) -> None:
            self._closed(str(error.filename), error.strerror)

        for parent, folders, names in os.walk(folder, onerror=refused, followlinks=True):
            entered.add(os.path.realpath(parent))
            folders[:] = sorted(
                name
                for name in folders
                # A link may lead back to where the walk has been.
                if not name.startswith(".") and os.path.realpath(os.path.join(parent, name)) not in entered
            )
            files += [os.path.join(parent, name) for name in sorted(names) if not name.startswith(".")]
        return files

    def _add_many(self, files: Sequence[str], source: str) -> None:
        wanted = [file for file in files if _suffix(file) in SUFFIXES]
        self.passed_over += [file for file in files if _suffix(file) not in SUFFIXES]
        if not wanted:
            what = f"no file there ends in {' or '.join(SUFFIXES)}. Check the path or pattern."
            self._fail(DeliveryMissing, source, what)
        for file in wanted:
            self._add(file)

    def _add(self, file: str) -> None:
        path = os.path.realpath(file)
        name = path
        if self.prefix is not None and Path(path).is_relative_to(self.prefix):
            name = Path(path).relative_to(self.prefix).as_posix()
        if not _is_text(name):
            return self._fail(
                DeliveryUnreadable, ascii(name)[1:-1], "its name is not UTF-8. Rename the file."
            )
        try:
            status = os.stat(path)
        except OSError as error:
            return self._fail(
                DeliveryMissing, name, f"it cannot be looked at ({error.strerror}). Check the path."
            )
        if _suffix(path) not in SUFFIXES:
            what = f"it ends in none of {', '.join(SUFFIXES)}; deliver it as one of these."
            return self._fail(DeliveryUnreadable, name, what)
        if not stat.S_ISREG(status.st_mode):
            return self._fail(DeliveryUnreadable, name, "it is no regular file. Deliver a file.")
        self.deliveries.setdefault(name, Delivery(name, path, status.st_size))
        return None


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _is_text(name: str) -> bool:
    # Python stands surrogates in for bytes of a file name that are not UTF-8; no ledger can hold them.
    return not any("\ud800" <= character <= "\udfff" for character in name)


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
