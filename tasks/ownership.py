"""The rule for folders and files that a run trusts: nobody but us and root can change them.

It is OpenSSH's rule for keys: the owner is us or root, and neither the world nor a group with other members may write.
The same holds for every folder above, up to ``/``; only a sticky folder such as ``/tmp`` may be writable, because there
nobody can replace what belongs to others.

POSIX access lists are covered: with one, the group's bits show the most that it grants, so a writable one is refused.
Access lists of macOS, and groups that the system does not list (a directory service without enumeration), are not.
"""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from tasks.errors import UntrustedPath
from tasks.outside_text import escape_unprintable

_MAX_LINKS = 40  # as Linux
_ACCESS_LIST = "system.posix_acl_access"


def check_trusted(path: Path, setting: str, otherwise: str, also: Collection[int | None] = ()) -> None:
    """Check that only this process' user and root can change a folder or file; it need not exist yet.

    Symbolic links are followed, and their owners are checked too.

    Args:
        path: The folder or file.
        setting: The setting that chose it, for the error.
        otherwise: What to do instead of changing the permissions, as an imperative clause.
        also: Ids of further users that may own the path itself, but none of the folders above it.

    Raises:
        UntrustedPath: Another user owns or may write the path, or a folder or link on the way to it.
    """
    path = path.absolute()
    for step, status, is_target in _steps(path):
        owners = {0, os.geteuid(), *(also if is_target else ())}
        fault = _fault(step, status, owners, is_target)
        if fault is None:
            continue
        what, fix = fault
        way = "" if is_target else f" (on the way to {_shown(path)})"
        raise UntrustedPath(
            f"{_shown(step)}{way} {what}, so it cannot be trusted.",
            f"If its content is yours, run: {fix}. Otherwise {otherwise}.",
            setting=setting,
            path=str(step),
        )


def check_private(path: Path, setting: str, otherwise: str) -> None:
    """Check that only this process' user and root can read or change a file, since it holds a secret.

    Raises:
        UntrustedPath: Another user can read it, or change it (see ``check_trusted``).
        FileNotFoundError: There is no such file.
    """
    check_trusted(path, setting, otherwise)
    status = path.stat()
    what = None
    if status.st_mode & stat.S_IRWXO:
        what = "can be read by every user of this machine"
    elif status.st_mode & stat.S_IRWXG and (
        _has_access_list(path.resolve()) or _other_members(status.st_gid, os.geteuid())
    ):
        what = f"can be read by group {_group_name(status.st_gid)}"
    if what is not None:
        raise UntrustedPath(
            f"{_shown(path)} {what}, but it holds a secret.",
            f"Run: chmod go= {_quoted(path)}; if others may have read it, {otherwise}.",
            setting=setting,
            path=str(path),
        )


def make_folder(folder: Path, setting: str, otherwise: str) -> None:
    """Make a private folder, and the folders missing above it, if they are not there; then check them.

    Raises:
        UntrustedPath: See ``check_trusted``.
        OSError: The folder cannot be made.
    """
    check_trusted(folder, setting, otherwise)
    if folder.is_dir():
        return
    missing = [parent for parent in folder.parents if not parent.exists()]
    for parent in reversed(missing):
        # Whatever the umask, others cannot write there.
        parent.mkdir(mode=0o755, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    # Another user may have been faster, in a folder such as /tmp.
    check_trusted(folder, setting, otherwise)


def check_tree(folder: Path, setting: str, otherwise: str) -> None:
    """Check a folder and everything below it. Raises UntrustedPath, see ``check_trusted``."""
    check_trusted(folder, setting, otherwise)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            entry = Path(parent, name)
            status = entry.lstat()
            if _fault(entry, status, {0, os.geteuid()}, is_target=True) is not None:
                check_trusted(entry, setting, otherwise)


def _steps(path: Path) -> Iterator[tuple[Path, os.stat_result, bool]]:
    """Every existing folder and link that opening ``path`` passes, from ``/`` on; True with the target itself."""
    current = Path(path.anchor)
    names = list(reversed(path.parts[1:]))
    yield current, current.lstat(), not names
    links = 0
    while names:
        name = names.pop()
        if name == "..":
            current = current.parent
            continue
        step = current / name
        try:
            status = step.lstat()
        except FileNotFoundError:
            return
        is_link = stat.S_ISLNK(status.st_mode)
        yield step, status, not names and not is_link
        if not is_link:
            current = step
            continue
        links += 1
        if links > _MAX_LINKS:
            return  # opening it fails
        target = step.readlink()
        names += [part for part in reversed(target.parts) if part != target.anchor]
        current = Path(target.anchor) if target.is_absolute() else current


def _fault(
    path: Path, status: os.stat_result, owners: Collection[int | None], is_target: bool
) -> tuple[str, str] | None:
    """What lets another user change ``path``, and the command against it."""
    if status.st_uid not in owners:
        me = _user_name(os.geteuid())
        sudo = "" if os.geteuid() == 0 else "sudo "
        return f"belongs to user {_user_name(status.st_uid)}", f"{sudo}chown -h {me} {_quoted(path)}"
    if stat.S_ISLNK(status.st_mode) or (status.st_mode & stat.S_ISVTX and not is_target):
        return None
    if status.st_mode & stat.S_IWOTH:
        return "can be written by every user of this machine", f"chmod go-w {_quoted(path)}"
    return _group_fault(path, status.st_gid) if status.st_mode & stat.S_IWGRP else None


def _group_fault(path: Path, group: int) -> tuple[str, str] | None:
    quoted = _quoted(path)
    if _has_access_list(path):
        return "has an access list that lets others write", f"setfacl -b {quoted} && chmod go-w {quoted}"
    others = _other_members(group, os.geteuid())
    if not others:
        return None
    members = ", ".join(others[:3]) + (" and others" if len(others) > 3 else "")
    return f"can be written by group {_group_name(group)} ({members})", f"chmod g-w {quoted}"


def _has_access_list(path: Path) -> bool:
    if not hasattr(os, "getxattr"):
        return False
    try:
        return bool(os.getxattr(path, _ACCESS_LIST, follow_symlinks=False))
    except OSError:  # none, or a file system without them
        return False


@cache
def _other_members(group: int, user: int) -> tuple[str, ...]:
    """The members of a group besides that user and root; it is their private group if there are none."""
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    try:
        members = set(grp.getgrgid(group).gr_mem)
    except KeyError:  # a container's or a network drive's, which nobody here has
        members = set()
    members |= {name for name, entry in known.items() if entry.pw_gid == group}
    return tuple(sorted(name for name in members if name not in known or known[name].pw_uid not in {0, user}))


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _group_name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _quoted(path: Path) -> str:
    return escape_unprintable(shlex.quote(str(path)))


def _shown(path: Path) -> str:
    return escape_unprintable(str(path))
