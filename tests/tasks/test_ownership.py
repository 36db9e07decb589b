"""Only what no other user can change is trusted; the error names the culprit and the command against it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import ownership
from tasks.errors import SettingsError, UntrustedPath
from tests.conftest import open_folder
from tests.support.required import missing
from tests.support.unprivileged import as_nobody

OTHERWISE = "choose another folder with RETAIL_WORKSPACE"


def check(path: Path) -> None:
    ownership.check_trusted(path, "RETAIL_WORKSPACE", OTHERWISE)


def refusal(path: Path) -> UntrustedPath:
    with pytest.raises(UntrustedPath) as caught:
        check(path)
    return caught.value


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of ours in the temporary folder, which is sticky."""
    folder = open_folder("retail-owned-")
    yield folder
    shutil.rmtree(folder)


def require_root() -> None:
    if os.geteuid() != 0:
        missing("root, who can give files away")


def test_our_own_folders_below_a_sticky_one_pass(place: Path) -> None:
    (place / "data").mkdir(mode=0o700)
    check(place / "data")
    check(place / "data" / "not" / "there yet")
    check(Path("/"))


def test_what_does_not_exist_in_a_sticky_folder_passes(place: Path) -> None:
    place.chmod(0o1777)
    check(place / "new")


@pytest.mark.parametrize("mode", [0o777, 0o702, 0o1777])
def test_a_folder_that_everybody_may_write_is_refused(place: Path, mode: int) -> None:
    data = place / "da ta"
    data.mkdir()
    data.chmod(mode)
    error = refusal(data)
    assert isinstance(error, SettingsError)
    assert error.message == (
        f"{data} can be written by every user of this machine, so it cannot be trusted. If its content is yours, "
        f"run: chmod go-w '{data}'. Otherwise {OTHERWISE}."
    )
    assert error.attributes == {"setting": "RETAIL_WORKSPACE", "path": str(data)}


def test_the_fix_in_the_message_fixes_it(place: Path) -> None:
    (place / "data").mkdir()
    (place / "data").chmod(0o777)
    command = refusal(place / "data").next_step.partition("run: ")[2].partition(". Otherwise")[0]
    subprocess.run(command, shell=True, check=True)
    check(place / "data")


def test_a_folder_above_counts_and_is_named(place: Path) -> None:
    (place / "data").mkdir()
    place.chmod(0o777)
    assert refusal(place / "data").what.startswith(
        f"{place} (on the way to {place / 'data'}) can be written by every"
    )
    assert refusal(place / "not there yet").attributes["path"] == str(place)


def test_a_file_counts_like_a_folder(place: Path) -> None:
    file = place / ".env"
    file.write_text("")
    file.chmod(0o644)
    check(file)
    file.chmod(0o646)
    assert "every user" in refusal(file).what


def test_another_users_folder_is_refused(place: Path) -> None:
    require_root()
    data = place / "data"
    data.mkdir()
    os.chown(data, 65534, 65534)
    error = refusal(data)
    assert error.what == f"{data} belongs to user nobody, so it cannot be trusted."
    assert f"run: chown -h root {data}." in error.next_step
    ownership.check_trusted(data, "RETAIL_DATA_DIR", OTHERWISE, also={65534})
    (data / "below").mkdir()
    with pytest.raises(UntrustedPath, match=r"/data \(on the way to .*belongs to user nobody"):
        ownership.check_trusted(data / "below", "RETAIL_DATA_DIR", OTHERWISE, also={65534})


def test_roots_folder_is_trusted_by_everybody(place: Path) -> None:
    require_root()
    (place / "data").mkdir()
    with as_nobody():
        check(place / "data")


def test_another_users_link_is_refused_wherever_it_leads(place: Path) -> None:
    require_root()
    (place / "data").mkdir()
    (place / "link").symlink_to("data")
    check(place / "link")
    os.chown(place / "link", 65534, 65534, follow_symlinks=False)
    assert refusal(place / "link").what.startswith(
        f"{place / 'link'} (on the way to {place / 'link'}) belongs to"
    )


def test_links_lead_to_folders_that_are_checked(place: Path) -> None:
    (place / "open" / "data").mkdir(parents=True)
    (place / "link").symlink_to(place / "open" / "data")
    (place / "again").symlink_to("link/../data")
    check(place / "again")
    (place / "open").chmod(0o777)
    assert refusal(place / "again").attributes["path"] == str(place / "open")


def test_links_in_a_circle_end(place: Path) -> None:
    (place / "a").symlink_to("b")
    (place / "b").symlink_to("a")
    check(place / "a")


def test_the_private_group_of_a_user_may_write(place: Path) -> None:
    groups = {entry.gr_gid: set(entry.gr_mem) for entry in grp.getgrall()}
    for user in pwd.getpwall():
        groups.setdefault(user.pw_gid, set()).add(user.pw_name)
    me = pwd.getpwuid(os.geteuid()).pw_name
    private = os.getegid() if groups[os.getegid()] <= {me, "root"} else None
    if private is None:
        missing("a private group of this user")
    data = place / "data"
    data.mkdir()
    data.chmod(0o770)
    check(data)


def test_a_group_with_another_member_may_not(place: Path) -> None:
    require_root()
    shared = next(
        user for user in pwd.getpwall() if user.pw_uid != 0 and user.pw_gid != 0 and user.pw_name != "nobody"
    )
    data = place / "data"
    data.mkdir()
    os.chown(data, 0, shared.pw_gid)
    data.chmod(0o770)
    error = refusal(data)
    assert f"can be written by group {grp.getgrgid(shared.pw_gid).gr_name} (" in error.what
    assert f"run: chmod g-w {data}." in error.next_step
    data.chmod(0o750)
    check(data)


def test_an_access_list_that_lets_others_write_is_seen(place: Path) -> None:
    data = place / "data"
    data.mkdir(mode=0o700)
    # Version 2; tag, rights and id of each: the owner, user nobody, the group, the mask, the others.
    entries = [(1, 7, -1), (2, 7, 65534), (4, 0, -1), (16, 7, -1), (32, 0, -1)]
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(data, "system.posix_acl_access", packed)
    except (AttributeError, OSError):
        missing("a temporary folder on a Linux file system with access lists")
    assert "run: setfacl -b" in refusal(data).next_step


def test_a_folder_is_made_private_whatever_the_umask(place: Path) -> None:
    before = os.umask(0)
    try:
        ownership.make_folder(place / "a" / "b", "RETAIL_WORKSPACE", OTHERWISE)
    finally:
        os.umask(before)
    assert [(path.stat().st_mode & 0o777) for path in (place / "a", place / "a" / "b")] == [0o755, 0o700]


def test_no_folder_is_made_where_others_may_write(place: Path) -> None:
    place.chmod(0o777)
    with pytest.raises(UntrustedPath):
        ownership.make_folder(place / "a", "RETAIL_WORKSPACE", OTHERWISE)
    assert list(place.iterdir()) == []


def test_a_path_that_does_not_print_is_escaped(place: Path) -> None:
    data = place / "a\x1b[2Jb"
    data.mkdir()
    data.chmod(0o777)
    assert "\x1b" not in refusal(data).message
