"""Age files that the standard program opens, errors that keep their cause, and keys that are never shown."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.backup.keys.encryption import (
    HashingWriter,
    Identities,
    Recipients,
    decrypt,
    encrypt,
    parse_recipients,
    read_identities,
)
from tasks.errors import BackupDamaged, SettingsError, WrongIdentity
from tests.support.age import make_key, make_ssh_key, program

PLAIN = os.urandom(1_000_003)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Recipients, Identities]:
    path = tmp_path_factory.mktemp("keys") / "key"
    public = make_key(path)
    return path, parse_recipients([public]), read_identities(path)


def encrypted(recipients: Recipients, plain: bytes = PLAIN) -> bytes:
    target = io.BytesIO()
    assert encrypt(io.BytesIO(plain), target, recipients) == len(plain)
    return target.getvalue()


def decrypted(data: bytes, identities: Identities) -> bytes:
    target = io.BytesIO()
    assert decrypt(io.BytesIO(data), target, identities) == len(target.getvalue())
    return target.getvalue()


@pytest.mark.parametrize("plain", [b"", b"x", b"y" * 65_536, PLAIN])
def test_standard_program_opens_what_we_encrypt(
    keys: tuple[Path, Recipients, Identities], tmp_path: Path, plain: bytes
) -> None:
    path, recipients, _ = keys
    (tmp_path / "object.age").write_bytes(encrypted(recipients, plain))
    command = [program("age"), "-d", "-i", path, tmp_path / "object.age"]
    assert subprocess.run(command, check=True, capture_output=True).stdout == plain


def test_we_open_what_the_standard_program_encrypts(keys: tuple[Path, Recipients, Identities]) -> None:
    _, recipients, identities = keys
    command = [program("age"), "-r", recipients.texts[0]]
    data = subprocess.run(command, input=PLAIN, check=True, capture_output=True).stdout
    assert decrypted(data, identities) == PLAIN


def test_each_recipient_opens_it_alone(tmp_path: Path) -> None:
    publics = [make_key(tmp_path / "first"), make_key(tmp_path / "second")]
    data = encrypted(parse_recipients(publics))
    for name in ("first", "second"):
        assert decrypted(data, read_identities(tmp_path / name)) == PLAIN


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_ssh_keys_open_it_here_and_with_the_standard_program(tmp_path: Path, kind: str) -> None:
    public = make_ssh_key(tmp_path / "key", "-t", kind, "-N", "")
    data = encrypted(parse_recipients([public]))
    assert decrypted(data, read_identities(tmp_path / "key")) == PLAIN
    command = [program("age"), "-d", "-i", tmp_path / "key"]
    assert subprocess.run(command, input=data, check=True, capture_output=True).stdout == PLAIN


def test_wrong_key_is_told_from_damage(keys: tuple[Path, Recipients, Identities], tmp_path: Path) -> None:
    _, recipients, _ = keys
    make_key(tmp_path / "other")
    with pytest.raises(WrongIdentity, match="0001.dump.age") as caught:
        decrypt(
            io.BytesIO(encrypted(recipients)),
            io.BytesIO(),
            read_identities(tmp_path / "other"),
            backup="b1",
            name="0001.dump.age",
        )
    assert caught.value.backup == "b1"
    assert str(tmp_path / "other") in str(caught.value)


def test_damage_is_found(keys: tuple[Path, Recipients, Identities]) -> None:
    _, recipients, identities = keys
    whole = encrypted(recipients)
    flipped = bytearray(whole)
    flipped[700_000] ^= 1
    for data in (whole[:-1], whole[:500_000], whole + b"x", bytes(flipped), b"", b"no age file", whole[:100]):
        with pytest.raises(BackupDamaged, match="no whole age file") as caught:
            decrypt(io.BytesIO(data), io.BytesIO(), identities, backup="b1", name="0000.dump.age")
        assert caught.value.findings == ("0000.dump.age is no whole age file: it was damaged or cut.",)


class Broken(io.RawIOBase):
    """A stream that fails after some bytes, and then in another way."""

    def __init__(self, error: BaseException, after: int = 200_000) -> None:
        self.left = after
        self.errors = [error, RuntimeError("a second error")]

    def _pass(self, size: int) -> int:
        self.left -= size
        if self.left < 0:
            raise self.errors.pop(0)
        return size

    def read(self, size: int = -1) -> bytes:
        return b"x" * self._pass(size)

    def write(self, data: object) -> int:
        assert isinstance(data, bytes)
        return self._pass(len(data))


ERRORS = [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError("of the caller")]


@pytest.mark.parametrize("error", ERRORS)
def test_first_exception_of_reader_and_writer_is_raised_again(
    keys: tuple[Path, Recipients, Identities], error: BaseException
) -> None:
    _, recipients, identities = keys
    data = encrypted(recipients)
    attempts = [
        lambda: encrypt(Broken(error), io.BytesIO(), recipients),
        lambda: encrypt(io.BytesIO(PLAIN), Broken(error), recipients),
        lambda: decrypt(Broken(error, after=0), io.BytesIO(), identities),
        lambda: decrypt(io.BytesIO(data), Broken(error), identities),
    ]
    for attempt in attempts:
        with pytest.raises(type(error)) as caught:
            attempt()
        assert caught.value is error


def test_hashing_writer_hashes_what_was_taken() -> None:
    class Slow(io.BytesIO):
        def write(self, data: object) -> int:
            assert isinstance(data, bytes)
            return super().write(data[:7])

    target = Slow()
    writer = HashingWriter(target)
    left = PLAIN[:100]
    while left:
        left = left[writer.write(left) :]
    assert target.getvalue() == PLAIN[:100]
    assert (writer.sha256, writer.size) == (hashlib.sha256(PLAIN[:100]).hexdigest(), 100)


SECRET = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ7N4F5A"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("age1pq1" + "q" * 1900, "post-quantum"),
        ("age1tagpq1" + "q" * 900, "post-quantum"),
        ("age1yubikey1qqqqqqqqqqqqqqqqqqqq", "plugin"),
        ("ecdsa-sha2-nistp256 AAAA till@shop", "no SSH key of kind ed25519 or RSA"),
        ("age1notakey", "no public key of age"),
        (SECRET, "is a secret key"),
        (f"'{SECRET}'", "is a secret key"),
        ("", "No public key"),
    ],
)
def test_unusable_public_keys_are_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as caught:
        parse_recipients([text])
    assert caught.value.setting == "RETAIL_VAULT_RECIPIENTS"
    assert "QQQQ" not in repr(caught.value) + str(caught.value)


def test_memory_stays_constant(keys: tuple[Path, Recipients, Identities]) -> None:
    _, recipients, _ = keys
    script = """
import sys
from tasks.backup.keys.encryption import HashingWriter, encrypt, parse_recipients
from tests.support.memory import peak_bytes
class Zeros:
    left = 0
    def read(self, size=-1):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)
class Nothing:
    def write(self, data):
        return len(data)
peaks = []
for size in (4_000_000, 400_000_000):
    Zeros.left = size
    writer = HashingWriter(Nothing())
    assert encrypt(Zeros(), writer, parse_recipients([sys.argv[1]])) == size
    peaks.append(peak_bytes())
print(peaks[1] - peaks[0])
"""
    command = [sys.executable, "-c", script, recipients.texts[0]]
    grown = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert grown < 4_000_000


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(SettingsError, match=r"pip install 'prefect-retail\[backup\]'"):
        parse_recipients(["age1qqq"])
