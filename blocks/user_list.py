"""Users of the REST API as they are written down: ``NAME:ROLE:HASH``, separated by spaces or lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from tasks.errors import SettingsError
from tasks.outside_text import displayable

Role = Literal["viewer", "operator"]
ROLES: tuple[str, ...] = get_args(Role)
_COMMAND = "Make a line for each with: retail api-user NAME --role operator"


@dataclass(frozen=True)
class ApiUser:
    """A user of the REST API. A viewer may read, an operator may also start work; ``password_hash`` is argon2's."""

    name: str
    role: Role
    password_hash: str = field(repr=False)


def parse_users(text: str, setting: str) -> tuple[ApiUser, ...]:
    """Read a list of users.

    Args:
        text: ``NAME:ROLE:HASH`` for each user, separated by white space.
        setting: Where the text comes from, for messages.

    Raises:
        SettingsError: there is no user, a role is unknown, a name is there twice, or an entry is not of that form. No
            hash is quoted.
    """
    users = tuple(_parse(entry, number, setting) for number, entry in enumerate(text.split(), start=1))
    if not users:
        raise SettingsError(
            f"{setting} has no user, so nobody may use the API.", f"{_COMMAND}.", setting=setting
        )
    names = [user.name for user in users]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SettingsError(
            f"{setting} has the user {displayable(repeated[0])} more than once.",
            "Keep one line for each user.",
            setting=setting,
        )
    return users


def _parse(entry: str, number: int, setting: str) -> ApiUser:
    name, _, rest = entry.partition(":")
    role, has_hash, password_hash = rest.partition(":")
    if not name or not has_hash or not password_hash:
        raise SettingsError(
            f"{setting}, user {number}: it is not of the form NAME:ROLE:HASH.",
            f"{_COMMAND}.",
            setting=setting,
        )
    if role not in ROLES:
        raise SettingsError(
            f"{setting}: the user {displayable(name)} has an unknown role.",
            f"Write {' or '.join(ROLES)} between the name and the hash.",
            setting=setting,
        )
    return ApiUser(name, cast(Role, role), password_hash)
