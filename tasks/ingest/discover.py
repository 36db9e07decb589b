"""Find the deliveries in files, folders and globs, and name them."""

from __future__ import annotations

import glob
import math
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import DeliveryError, DeliveryMissing, DeliveryUnreadable, SettingsError
from tasks.ingest.boundary import Boundary
from tasks.ingest.file_kinds import READABLE, is_other_text, kind_of, text_expansion

# Approximate text per batch: bounds memory, yet is enough work for a task.
BATCH_BYTES = 18 * 1024 * 1024
# By how much the first batch of several is smaller.
_SHORTER = 0.25
# The ledger's index of feed and name has room for some 2,700 bytes; a feed has 400 at most.
MAX_NAME_BYTES = 2048
# Replaces bytes of a command line that are not UTF-8.
_UNDECODABLE = "\ufffd"
# Check permissions with the effective UID, which opens the files.
_USE_EFFECTIVE_IDS = os.access in os.supports_effective_ids


@dataclass(frozen=True)
class Delivery:
    """An input file.

    Attributes:
        name: Its name within the feed.
        path: Absolute path with links resolved.
        size: Size in bytes.
        modified_ns: Time of its last change, as nanoseconds since 1970; None if that is not known.
    """

    name: str
    path: str
    size: int
    modified_ns: int | None = None

    @property
    def weight(self) -> int:
        """Estimated size as text, in bytes."""
        return self.size * text_expansion(self.path)


@dataclass(frozen=True)
class Discovery:
    """Result of a search for deliveries.

    Attributes:
        deliveries: In the order of the sources, each once.
        failed: Errors of the sources and files that cannot be delivered.
        passed_over: Paths of other files in folders and globs, and of links that are not followed.
        links_out: Links in folders and globs that lead out of them, with their targets.
        searched: The folders and globs, as paths; no glob without a folder to search.
    """

    deliveries: tuple[Delivery, ...]
    failed: tuple[DeliveryError, ...] = ()
    passed_over: tuple[str, ...] = ()
    links_out: Mapping[str, str] = field(default_factory=dict)
    searched: tuple[str, ...] = ()


def discover(sources: Iterable[str], root: str | None = None, *, follow_links: bool = True) -> Discovery:
    """Find the deliveries in files, folders and globs.

    A delivery's name is the absolute path of its file with links resolved, relative to ``root`` if it is
    below it. So a file has the same name whether a source is the file, its folder or a glob, and is
    delivered once. Folders are searched with their sub-folders, following links and skipping hidden
    entries. Problems are reported in ``failed`` and do not stop the search.

    Args:
        sources: Files, folders and glob patterns.
        root: Folder to cut off the names, for feeds that are read on several machines.
        follow_links: Whether links that lead out of a folder or glob are followed.

    Raises:
        SettingsError: ``root`` is not a folder.
    """
    prefix = None
    if root:
        prefix = Path(os.path.realpath(os.path.expanduser(root)))
        if not os.path.isdir(prefix):
            raise SettingsError(f"root: {prefix} is not a folder.", "Check the path.", setting="root")
    search = _Search(prefix, follow_links)
    for source in sources:
        search.expand(source)
    return Discovery(
        tuple(search.deliveries.values()),
        tuple(search.failed.values()),
        tuple(dict.fromkeys(search.passed_over)),
        search.links_out,
        tuple(search.searched),
    )


@dataclass
class _Search:
    """Collects deliveries and errors, the first of each name."""

    prefix: Path | None
    follow_links: bool
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    failed: dict[str, DeliveryError] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    links_out: dict[str, str] = field(default_factory=dict)
    searched: list[str] = field(default_factory=list)

    def expand(self, source: str) -> None:
        path = os.path.expanduser(source)
        if not _is_unicode(source) or (_UNDECODABLE in source and not os.path.exists(path)):
            name = replace_undecodable(source)
            self._fail(name, DeliveryUnreadable, "its name is not UTF-8.", "Rename the file.")
            return
        boundary = Boundary.of(path, self.follow_links)
        if os.path.isdir(path):
            self.searched.append(path)
            self._add_many(self._walk(path, boundary), source, boundary)
        elif os.path.exists(path):
            self._add(os.path.realpath(path))
        elif glob.has_magic(source):
            self._report_closed_folders(path, boundary)
            self.searched.append(path)
            matches = sorted(glob.glob(path, recursive=True))
            self._add_many([match for match in matches if not os.path.isdir(match)], source, boundary)
        else:
            self._fail(
                source,
                DeliveryMissing,
                "there is no such file or folder.",
                "Check the path on the machine that runs the flow.",
            )

    def _report_closed_folders(self, pattern: str, boundary: Boundary) -> None:
        """Report the folders of a glob pattern without the permission to search them: glob skips them silently."""
        if os.path.basename(pattern) == "**":
            pattern = os.path.join(pattern, "*")
        while glob.has_magic(pattern):
            pattern, entry = os.path.split(pattern)
            listed = glob.has_magic(entry) or os.path.basename(pattern) == "**"
            need = os.X_OK | (os.R_OK if listed else 0)
            for folder in filter(os.path.isdir, glob.glob(pattern or ".", recursive=True)):
                if not os.access(folder, need, effective_ids=_USE_EFFECTIVE_IDS) and boundary.admits(folder):
                    self._fail_folder(folder, "Permission denied")

    def _fail_folder(self, folder: str, cause: str | None) -> None:
        what = f"the folder cannot be listed ({cause})."
        self._fail(folder, DeliveryUnreadable, what, "Check its permissions.")

    def _fail(self, name: str, kind: type[DeliveryError], what: str, next_step: str) -> None:
        self.failed.setdefault(name, kind(what, next_step, delivery=name))

    def _walk(self, folder: str, boundary: Boundary) -> list[str]:
        files: list[str] = []
        visited: set[str] = set()

        def on_error(error: OSError) -> None:
            self._fail_folder(str(error.filename), error.strerror)

        for parent, folders, names in os.walk(folder, onerror=on_error, followlinks=True):
            visited.add(os.path.realpath(parent))
            folders[:] = sorted(
                name
                for name in folders
                # A link may lead back to a visited folder.
                if not name.startswith(".")
                and os.path.realpath(os.path.join(parent, name)) not in visited
                and boundary.admits(os.path.join(parent, name))
            )
            files += [os.path.join(parent, name) for name in sorted(names) if not name.startswith(".")]
        return files

    def _add_many(self, files: Sequence[str], source: str, boundary: Boundary) -> None:
        named = [file for file in files if kind_of(file) and boundary.admits(file)]
        other_texts = {file for file in named if is_other_text(file)}
        selected = [file for file in named if file not in other_texts]
        self.passed_over += [file for file in files if not kind_of(file) or file in other_texts]
        if not selected:
            what = f"no deliveries found ({READABLE})."
            self._fail(source, DeliveryMissing, what, "Check the path or pattern.")
        for file in selected:
            self._add(boundary.resolve(file))
        self.links_out |= boundary.links
        self.passed_over += [] if boundary.follow else boundary.links

    def _add(self, path: str) -> None:
        name = path
        if self.prefix is not None and Path(path).is_relative_to(self.prefix):
            name = Path(path).relative_to(self.prefix).as_posix()
        if not _is_unicode(name):
            escaped = ascii(name)[1:-1]
            return self._fail(escaped, DeliveryUnreadable, "its name is not UTF-8.", "Rename the file.")
        size = len(name.encode())
        if size > MAX_NAME_BYTES:
            what = f"its name has {size:,} bytes; the ledger's limit is {MAX_NAME_BYTES:,}."
            next_step = "Move it to a shorter path, or cut folders off with root."
            return self._fail(name, DeliveryUnreadable, what, next_step)
        try:
            status = os.stat(path)
        except OSError as error:
            return self._fail(
                name, DeliveryMissing, f"it cannot be accessed ({error.strerror}).", "Check the path."
            )
        if kind_of(path) is None:
            what = "its suffix is not that of a delivery."
            return self._fail(name, DeliveryUnreadable, what, f"Deliver {READABLE}.")
        if not stat.S_ISREG(status.st_mode):
            return self._fail(name, DeliveryUnreadable, "it is not a regular file.", "Deliver a file.")
        self.deliveries.setdefault(name, Delivery(name, path, status.st_size, status.st_mtime_ns))
        return None


def replace_undecodable(text: str) -> str:
    """Replace bytes that are not UTF-8, decoded to surrogates: neither Prefect nor the ledger can store them."""
    return "".join(_UNDECODABLE if "\ud800" <= character <= "\udfff" else character for character in text)


def _is_unicode(name: str) -> bool:
    # Python decodes bytes that are not UTF-8 to surrogates, which Postgres cannot store.
    return not any("\ud800" <= character <= "\udfff" for character in name)


def batches(deliveries: Sequence[Delivery], batch_bytes: int = BATCH_BYTES) -> list[tuple[Delivery, ...]]:
    """Group deliveries, in order, into batches of at most ``batch_bytes`` of text; a larger one gets its own batch.

    Batches are about equal, but for the first of several: it is smaller, so that the warehouse soon has work.
    """
    total = sum(delivery.weight for delivery in deliveries)
    count = math.ceil(total / batch_bytes + _SHORTER) if total > batch_bytes else 1
    share = total / (count - _SHORTER) if count > 1 else total
    groups: list[list[Delivery]] = []
    weight, aim = 0, 0.0
    for delivery in deliveries:
        if not groups or weight >= aim or weight + delivery.weight > batch_bytes:
            aim = share if groups or count == 1 else share * (1 - _SHORTER)
            groups.append([])
            weight = 0
        groups[-1].append(delivery)
        weight += delivery.weight
    return [tuple(group) for group in groups]
