"""Check passwords: in constant time, two at a time, slower after failures, and remembered for minutes."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import ceil

import argon2

from api.passwords import is_password
from blocks.user_list import ApiUser

_AT_A_TIME = 2
_REMEMBERED_SECONDS = 300.0
_MOST_REMEMBERED = 1_000
_FREE_FAILURES = 3
_LONGEST_WAIT = 60.0
_FORGET_FAILURES_SECONDS = 900.0
_MOST_FAILURES = 10_000


class Slowed(Exception):
    """A user has to wait after failures. Attribute: ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Authenticator:
    """The users of the API, and what is remembered of their attempts; memory stays bounded.

    Args:
        users: The users, with hashes that were checked.
        clock: Seconds that only grow.
    """

    def __init__(self, users: Sequence[ApiUser], clock: Callable[[], float] = time.monotonic) -> None:
        self._users = {user.name: user for user in users}
        # What an unknown user is checked against: it costs what the dearest user costs.
        dearest = max(users, key=lambda user: _cost(user.password_hash))
        self._nobody = ApiUser("", "viewer", dearest.password_hash)
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._checks = asyncio.Semaphore(_AT_A_TIME)
        self._remembered: OrderedDict[bytes, tuple[ApiUser, float]] = OrderedDict()
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    async def authenticate(self, name: str, password: str, address: str) -> ApiUser | None:
        """Return the user; None if the name or the password is wrong, which takes as long for both.

        Args:
            name: Name of the user.
            password: The password.
            address: Where the request comes from; failures count for a user from an address.

        Raises:
            Slowed: after several failures, also for the right password unless it was right before.
        """
        proof = self._proof(name, password)
        known = self._recall(proof)
        if known is not None:
            return known
        self._ensure_not_slowed(name, address)
        user = self._users.get(name, self._nobody)
        async with self._checks:
            # Those that waited here with it may have failed, or the same password was right: the many requests that a
            # client sends at once are one check.
            known = self._recall(proof)
            if known is not None:
                return known
            self._ensure_not_slowed(name, address)
            fits = await asyncio.to_thread(is_password, user.password_hash, password)
        if not fits or user is self._nobody:
            self._count_failure(name, address)
            return None
        self._failures.pop((address, name), None)
        self._remembered.pop(proof, None)
        self._remembered[proof] = user, self._clock() + _REMEMBERED_SECONDS
        while len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return user

    def _ensure_not_slowed(self, name: str, address: str) -> None:
        count, last = self._failures.get((address, name), (0, 0.0))
        if count < _FREE_FAILURES:
            return
        now = self._clock()
        if now - last > _FORGET_FAILURES_SECONDS:
            del self._failures[address, name]
            return
        wait = ceil(last + min(_LONGEST_WAIT, 2.0 ** min(count - _FREE_FAILURES, 10)) - now)
        if wait > 0:
            raise Slowed(wait)

    def _recall(self, proof: bytes) -> ApiUser | None:
        user, until = self._remembered.get(proof, (None, 0.0))
        return user if user is not None and self._clock() < until else None

    def _proof(self, name: str, password: str) -> bytes:
        """What is kept of a right password: an HMAC under a key that lives as long as this process."""
        return hmac.digest(self._key, f"{name}\0{password}".encode(), "sha256")

    def _count_failure(self, name: str, address: str) -> None:
        key = address, name
        count, _ = self._failures.pop(key, (0, 0.0))
        self._failures[key] = count + 1, self._clock()
        while len(self._failures) > _MOST_FAILURES:
            self._failures.popitem(last=False)


def _cost(password_hash: str) -> int:
    cost = argon2.extract_parameters(password_hash)
    return cost.memory_cost * cost.time_cost
