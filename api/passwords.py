"""Password hashes: how they are made, and what a usable one looks like."""

from __future__ import annotations

import base64
import binascii

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from blocks.user_list import ApiUser
from tasks.errors import SettingsError
from tasks.outside_text import displayable

# One lane: more of them cost threads, and the server checks two passwords at a time at most.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_MOST_MEMORY_KB = 256 * 1024
_MOST_PASSES = 100
_LEAST_BYTES = 16
_NEXT_STEP = (
    "Make it anew with: retail api-user NAME. In a shell, put the line between single quotes: it has $ in it."
)


def hash_password(password: str) -> str:
    """Return the argon2 hash of a password, for RETAIL_API_USERS or an ApiUsers block."""
    return _HASHER.hash(password)


def is_password(password_hash: str, password: str) -> bool:
    """Return whether the password fits the hash. It takes tens of milliseconds of one CPU, and the hash's memory."""
    try:
        return _HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False


def check_hash(user: ApiUser) -> None:
    """Check that the hash of a user is whole; with a damaged one every password would look wrong.

    Raises:
        SettingsError: it is no argon2 hash, it is damaged, or a check would cost too much. It is not quoted.
    """
    fault = _fault_of(user.password_hash)
    if fault:
        raise SettingsError(
            f"The password hash of the API user {displayable(user.name)} {fault}.",
            _NEXT_STEP,
            setting="RETAIL_API_USERS",
        )


def _fault_of(password_hash: str) -> str:
    if not password_hash.startswith(("$argon2id$", "$argon2i$", "$argon2d$")):
        return "is no argon2 hash"
    try:
        cost = argon2.extract_parameters(password_hash)
        salt, digest = (_decoded(part) for part in password_hash.split("$")[-2:])
        if cost.memory_cost > _MOST_MEMORY_KB or cost.time_cost > _MOST_PASSES:
            return f"costs more than {_MOST_MEMORY_KB // 1024} MB or {_MOST_PASSES} passes a check"
        is_password(password_hash, "")
    except (InvalidHashError, VerificationError, ValueError):
        return "is damaged"
    # argon2 writes lengths that are multiples of eight; a text that was cut off has another one.
    if len(salt) < 8 or len(digest) < _LEAST_BYTES or len(digest) % 8:
        return "is damaged: its end is missing"
    return ""


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
