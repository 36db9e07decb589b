"""No password appears in settings or errors, however odd the URL."""

from __future__ import annotations

import dataclasses
import json
import pickle
import traceback

import pytest

from tasks.errors import RetailError, SettingsError
from tasks.postgres.connect import connect, from_url

MARK = "xq7Kmarked"


def visible_texts(error: BaseException) -> str:
    """Return everything that logs, reports and pickles can hold of an error, including its hidden context."""
    hidden, context = [], error.__context__
    while context is not None:
        hidden.append(repr(context))
        context = context.__context__
    attributes = json.dumps(getattr(error, "attributes", {}), default=str)
    printed = "".join(traceback.format_exception(error))
    return "\n".join([str(error), repr(error), attributes, printed, *hidden, str(pickle.dumps(error))])


def test_settings_keep_the_password_but_do_not_show_it() -> None:
    settings = from_url(f"postgresql://ann:{MARK}@localhost/sales")
    for text in (repr(settings), str(settings), settings.display, f"{dataclasses.asdict(settings)}"):
        assert MARK not in text
    copied = pickle.loads(pickle.dumps(settings))
    assert copied == settings
    assert copied.password.get_secret_value() == MARK


@pytest.mark.parametrize(
    "url",
    [
        # Passwords that are not encoded, of which a parser takes a piece for another part.
        f"postgresql://ann:12/{MARK}@localhost/sales",
        f"postgresql://ann:12?{MARK}@localhost/sales",
        f"postgresql://ann:12?{MARK}=1@localhost/sales",
        f"postgresql://ann:12?a=1&{MARK}=2@localhost/sales",
        f"postgresql://ann:12#{MARK}@localhost/sales",
        f"postgresql://ann:{MARK}/x@localhost/sales",
        f"postgresql://ann:{MARK}?x@localhost/sales",
        f"postgresql://ann:{MARK}]@[localhost/sales",
        f"postgresql:/ann:{MARK}@localhost/sales",
        f"postgresql:ann:{MARK}@localhost/sales",
        f"postgres ql://ann:{MARK}@localhost/sales",
        f"ann:{MARK}@localhost/sales",
        # Correct passwords in URLs that are invalid for another reason.
        f"postgresql://ann:{MARK}@localhost:port/sales",
        f"postgresql://ann:{MARK}@[::1/sales",
        f"postgresql://ann:{MARK}@localhost",
        f"postgresql://ann:{MARK}@one,two/sales",
        f"postgresql://ann:{MARK}@db.example.com/sales?sslmode=disable",
        f"postgresql://ann:{MARK}@localhost/sales?sslmode={MARK}",
        f"postgresql://ann:{MARK}@localhost/sales?sslmode=require&connect_timeout={MARK}",
        f"postgresql://localhost/sales?user=ann&password={MARK}",
    ],
)
def test_errors_about_urls_do_not_show_the_password(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_url(url)
    assert MARK not in visible_texts(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{MARK}@127.0.0.1:9/sales?connect_timeout=1",
        f"postgresql://ann:{MARK}@nowhere.invalid/sales?connect_timeout=1",
        f"postgresql://ann:{MARK}@127.0.0.1/sales?sslmode=verify-full&sslrootcert=/missing.crt",
    ],
)
async def test_connection_errors_do_not_show_the_password(url: str) -> None:
    with pytest.raises(RetailError) as caught:
        await connect(from_url(url))
    assert MARK not in visible_texts(caught.value)


async def test_a_password_from_the_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", MARK)
    with pytest.raises(RetailError) as caught:
        await connect(from_url("postgresql://ann@127.0.0.1:9/sales?connect_timeout=1"))
    assert MARK not in visible_texts(caught.value)
