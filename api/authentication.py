"""HTTP Basic: who asks, and whether the user may.

Credentials are UTF-8, as the challenge says. ``viewer`` and ``operator`` are the dependencies of the routes.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase

from api.authenticator import Authenticator, Slowed
from api.problems import Problem
from blocks.user_list import ApiUser
from tasks.outside_text import displayable

CHALLENGE = 'Basic realm="retail", charset="UTF-8"'
# Names and passwords are shorter; a longer one would only cost time.
_LONGEST = 4096
_OWN_SITES = {"same-origin", "none"}


class BasicScheme(SecurityBase):
    """HTTP Basic as a dependency that gives the user, and as a security scheme of the OpenAPI document."""

    def __init__(self) -> None:
        self.model = HTTPBase(scheme="basic", description="A user of RETAIL_API_USERS; credentials in UTF-8.")
        self.scheme_name = "basic"

    async def __call__(self, request: Request) -> ApiUser:
        """Return the user who asks.

        Raises:
            Problem: 401 without credentials or with wrong ones; 429 after several wrong ones.
        """
        credentials = read_credentials(request.headers.get("authorization", ""))
        if credentials is None:
            raise unauthorised("This needs a user and a password.")
        authenticator = cast(Authenticator, request.app.state.retail.authenticator)
        address = request.client.host if request.client else ""
        try:
            user = await authenticator.authenticate(*credentials, address)
        except Slowed as slowed:
            raise Problem(
                429,
                "Too many wrong passwords for this user from this address.",
                f"Wait {slowed.seconds} s, then try again.",
                headers={"Retry-After": str(slowed.seconds)},
            ) from None
        if user is None:
            raise unauthorised("The user or the password is wrong.")
        return user


def unauthorised(detail: str) -> Problem:
    """Return the problem that asks for credentials."""
    return Problem(401, detail, "Send them by HTTP Basic, in UTF-8.", headers={"WWW-Authenticate": CHALLENGE})


def read_credentials(header: str) -> tuple[str, str] | None:
    """Return user and password of an Authorization header; None if it has none in the form of HTTP Basic."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > _LONGEST:
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


User = Annotated[ApiUser, Depends(BasicScheme())]


async def viewer(user: User) -> ApiUser:
    """Let every user pass: a dependency of what only reads."""
    return user


async def operator(user: User, request: Request) -> ApiUser:
    """Let only operators pass: a dependency of what starts work.

    Raises:
        Problem: 403 for a viewer, and for a request that another web site made a browser send with the password that
            the browser keeps.
    """
    if user.role != "operator":
        raise Problem(
            403,
            f"The user {displayable(user.name)} is a {user.role} and may not start work.",
            "Ask as a user with the role operator.",
        )
    if request.headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        raise Problem(403, "Another web site sent this request.", "Send it from a page of this server.")
    return user
