"""Identity files: whose they must be, what they may hold, and that no text of them is ever shown."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from tasks.backup.keys.encryption import decrypt, encrypt, parse_recipients, read_identities
from tasks.errors import SettingsError, UntrustedPath
from tests.support.age import make_key, make_ssh_key

SECRET = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ7N4F5A"


def test_identity_file_with_several_keys_and_comments(tmp_path: Path) -> None:
    public = [make_key(tmp_path / name) for name in ("a", "b")][1]
    both = tmp_path / "both"
    both.write_text(f"# two keys\r\n\n{(tmp_path / 'a').read_text()}\n  {(tmp_path / 'b').read_text()}")
    both.chmod(0o600)
    data, plain = io.BytesIO(), io.BytesIO()
    encrypt(io.BytesIO(b"x"), data, parse_recipients([public]))
    decrypt(io.BytesIO(data.getvalue()), plain, read_identities(both))
    assert plain.getvalue() == b"x"


def private(path: Path, content: str, mode: int = 0o600) -> Path:
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("# nothing\n", "has no key"),
        (f"# first\n{SECRET}\n", "line 2 is no secret key of age"),
        ("AGE-SECRET-KEY-PQ-1QQQQ", "line 1 is a post-quantum key"),
        ("AGE-PLUGIN-YUBIKEY-1QQQQ", "line 1 needs a plugin"),
        ("age-encryption.org/v1\nQQQQ", "protected by a passphrase"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nQQQQ\n", "no SSH key"),
        ("Q" * 1_048_577, "too large"),
    ],
)
def test_unusable_identity_files_are_refused_without_their_text(
    tmp_path: Path, content: str, reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason) as caught:
        read_identities(private(tmp_path / "key", content))
    error: BaseException | None = caught.value
    while error is not None:
        assert "QQQQ" not in repr(error) + str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_ssh_key_with_passphrase_is_refused(tmp_path: Path) -> None:
    make_ssh_key(tmp_path / "key", "-t", "ed25519", "-N", "phrase")
    with pytest.raises(SettingsError, match="SSH key with a passphrase"):
        read_identities(tmp_path / "key")


def test_identity_file_must_be_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, reason in [(tmp_path / "pipe", "no regular file"), (tmp_path, "no regular file")]:
        with pytest.raises(SettingsError, match=reason):
            read_identities(path)
    with pytest.raises(SettingsError, match="No such file"):
        read_identities(tmp_path / "absent")


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o666])
def test_identity_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    make_key(tmp_path / "key")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(UntrustedPath, match="chmod"):
        read_identities(tmp_path / "key")


def test_keys_are_not_in_the_representation(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    identities = read_identities(tmp_path / "key")
    secret = (tmp_path / "key").read_text().splitlines()[-1]
    assert secret.startswith("AGE-SECRET-KEY-")
    assert secret not in repr(identities) + str(identities)
