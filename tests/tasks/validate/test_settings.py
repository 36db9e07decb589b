"""Invalid settings of a feed are rejected by name."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.errors import SettingsError
from tasks.validate.settings import FeedSettings


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"feed": "Läden 7", "timezone": "America/New_York", "currency": "USD"},
        {"date_format": "us", "identical_lines": "drop"},
    ],
)
def test_valid_settings(settings: dict[str, Any]) -> None:
    FeedSettings(**settings).check()


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("feed", "", "1 to 100 printable characters"),
        ("feed", "  ", "1 to 100 printable characters"),
        ("feed", "a\nb", "1 to 100 printable characters"),
        ("feed", "a\0", "1 to 100 printable characters"),
        ("feed", "x" * 101, "1 to 100 printable characters"),
        ("timezone", "London", "'London' is not an IANA time zone"),
        ("timezone", "", "'' is not an IANA time zone"),
        ("timezone", "../../etc/passwd", "is not an IANA time zone"),
        ("timezone", "localtime", "'localtime' is not an IANA time zone"),
        ("timezone", "Factory", "'Factory' is not an IANA time zone"),
        ("currency", "gbp", "'gbp' is not an ISO 4217 code"),
        ("currency", "GB1", "'GB1' is not an ISO 4217 code"),
        ("currency", "£", "is not an ISO 4217 code"),
        ("currency", "GBP\n", "is not an ISO 4217 code"),
        ("identical_lines", "sum", "'sum' is neither keep nor drop"),
        ("date_format", "uk", "Use iso, us, eu"),
    ],
)
def test_invalid_settings(setting: str, value: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        FeedSettings(**{setting: value}).check()
    assert problem in caught.value.message
    assert caught.value.attributes == {"setting": setting}
