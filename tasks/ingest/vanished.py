"""Find the deliveries that a folder or glob no longer has."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

_ANY_FOLDERS = "**"


@dataclass(frozen=True)
class SearchedSource:
    """A folder or glob, and the known deliveries of its feed that lie under it.

    Attributes:
        source: The folder or pattern.
        held: Names of all of them.
        gone: Names of those whose files are not there any more.
    """

    source: str
    held: frozenset[str]
    gone: frozenset[str]


def search_known(
    searched: Iterable[str], root: str, known: Collection[str], found: Collection[str]
) -> tuple[SearchedSource, ...]:
    """Look for known deliveries in the sources that were searched.

    A file that is there but was not taken (unreadable, passed over, too large) is not gone, nor is one of which the
    system cannot say whether it is there. Deliveries whose names are relative to another root are left out.

    Args:
        searched: Folders and patterns that exist, of ``Discovery``.
        root: Folder that is cut off the names; empty for none.
        known: Names of the deliveries of the feed.
        found: Names of the deliveries that were found.

    Returns:
        A value for each source with known deliveries under it.
    """
    prefix = os.path.realpath(os.path.expanduser(root)) if root else None
    sources = []
    for source in searched:
        folder, patterns = _split(source)
        if not os.path.isdir(folder):
            continue
        held = {name for name in known if _lies_under(_path_of(name, prefix), folder, patterns)}
        gone = {name for name in held.difference(found) if _is_gone(_path_of(name, prefix) or "")}
        if held:
            sources.append(SearchedSource(source, frozenset(held), frozenset(gone)))
    return tuple(sources)


def _path_of(name: str, prefix: str | None) -> str | None:
    if os.path.isabs(name):
        return name
    return os.path.join(prefix, name) if prefix is not None else None


def _split(source: str) -> tuple[str, tuple[str, ...] | None]:
    """The folder of a source, links resolved, and the patterns below it, a component each; None for a folder."""
    if os.path.isdir(source):
        return os.path.realpath(source), None
    parts = PurePath(source).parts
    first = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return os.path.realpath(os.path.join(*parts[:first]) if first else "."), parts[first:]


def _lies_under(path: str | None, folder: str, patterns: tuple[str, ...] | None) -> bool:
    if path is None or not PurePath(path).is_relative_to(folder):
        return False
    parts = PurePath(path).relative_to(folder).parts
    if patterns is None:
        return bool(parts) and not any(map(_is_hidden, parts))
    return _matches(parts, patterns)


def _matches(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether a path matches a pattern, as ``glob`` with ``recursive`` reads it."""
    if not patterns:
        return not parts
    first, *others = patterns
    if first == _ANY_FOLDERS:
        if _matches(parts, others or ["*"]):
            return True
        return bool(parts) and not _is_hidden(parts[0]) and _matches(parts[1:], patterns)
    if not parts or (_is_hidden(parts[0]) and not first.startswith(".")):
        return False
    return fnmatchcase(parts[0], first) and _matches(parts[1:], others)


def _is_hidden(part: str) -> bool:
    return part.startswith(".")


def _is_gone(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
