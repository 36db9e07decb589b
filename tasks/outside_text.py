"""Text from outside (files, settings, servers, people) as it may be shown: it steers no terminal and holds no secret.

Everything that shows such text, wherever, passes it through ``displayable``; what a place interprets beyond plain
text (Markdown, HTML, Slack's mentions, rich's markup) it escapes for itself, afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

MASK = "********"

# A scheme, a user and a password. With one slash too: a path has lost the other.
_PASSWORD_IN_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]*:/{1,3}[^\s/@:'\"]*:)(?!\*{8}@)\S+@", re.IGNORECASE)
# The same without its scheme, as it is typed in a hurry.
_PASSWORD_BEFORE_HOST = re.compile(r"(?<![\w./:@-])([\w.%+-]+:)(?![/*])[^\s/@:'\"]+(@[\w.\[-])")
_NAMED = re.compile(
    r"\b((?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|sslpassword)\s*=\s*)(?!\*{8})"
    r"(?:'[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)",
    re.IGNORECASE,
)
_WEBHOOK = re.compile(
    r"\b(https?://(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|"
    r"[\w.-]+\.webhook\.office\.com)/)(?!\*{8})[^\s'\"]+",
    re.IGNORECASE,
)
_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"xox[a-z]-[A-Za-z0-9-]{6,}"  # Slack
    r"|xapp-[A-Za-z0-9-]{6,}"
    r"|(?:sk|pk|rk)[_-](?:(?:live|test|proj|ant|ant-api\d\d)[_-])?(?=[A-Za-z]*\d)[A-Za-z0-9]{16,}"
    r"|sb_(?:secret|publishable)_[A-Za-z0-9_-]{6,}"  # Supabase
    r"|sbp_[A-Za-z0-9]{16,}"
    r"|pn[ub]_[A-Za-z0-9]{16,}"  # Prefect
    r"|gh[pousr]_[A-Za-z0-9]{16,}"
    r"|glpat-[A-Za-z0-9_-]{16,}"
    r"|A(?:KIA|SIA)[A-Z0-9]{16}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"  # JSON Web Tokens
    r")"
)
# A word of its own, since pieces of paths and names of files may look like it.
_HEX = r"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{32,}"
_BASE64 = r"(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[0-9])[A-Za-z0-9+_-]{40,}={0,2}"
_OPAQUE = re.compile(rf"(?<![\w/.+=%-])(?:{_HEX}|{_HEX.replace('a-f', 'A-F')}|{_BASE64})(?![\w/.+=%-])")


def mask_secrets(text: str) -> str:
    """Replace what looks like a password in an address, a webhook or a key with ``MASK``."""
    text = _PASSWORD_IN_ADDRESS.sub(rf"\1{MASK}@", text)
    text = _PASSWORD_BEFORE_HOST.sub(rf"\1{MASK}\2", text)
    text = _NAMED.sub(rf"\1{MASK}", text)
    text = _WEBHOOK.sub(rf"\1{MASK}", text)
    return _OPAQUE.sub(MASK, _KEYS.sub(MASK, text))


def mask_secrets_in(value: Any) -> Any:
    """A JSON value with ``mask_secrets`` applied to every text in it."""
    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, Mapping):
        return {mask_secrets_in(key): mask_secrets_in(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask_secrets_in(inner) for inner in value]
    return value


def holds_password(text: str) -> bool:
    """True for text with an address that has a password in it."""
    return bool(_PASSWORD_IN_ADDRESS.search(text))


def escape_unprintable(text: str, keep: str = "") -> str:
    r"""Escape every character that does not print, except those to ``keep``; a line break becomes ``\n``.

    Otherwise a file's name could pose as a line of a message, turn the writing direction or steer a terminal.
    """
    return "".join(
        character if character.isprintable() or character in keep else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def displayable(text: object, keep: str = "") -> str:
    """Text from outside as it may be shown: secrets masked, unprintable characters escaped except those to ``keep``."""
    return escape_unprintable(mask_secrets(str(text)), keep)


def first_names(names: Sequence[str], most: int) -> str:
    """List the first names, at most so many, and say how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(displayable, names[:most])) + more
