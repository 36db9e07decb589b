"""A feed's settings that cannot be are refused, naming the setting."""

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
def test_settings_that_can_be(settings: dict[str, Any]) -> None:
    FeedSettings(**settings).check()


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("feed", "", "1 to 100 printable characters"),
        ("feed", "  ", "1 to 100 printable characters"),
        ("feed", "a\nb", "1 to 100 printable characters"),
        ("feed", "a\0", "1 to 100 printable characters"),
        ("feed", "x" * 101, "1 to 100 printable characters"),
        ("timezone", "London", "'London' is no IANA time zone"),
        ("timezone", "", "'' is no IANA time zone"),
        ("timezone", "../../etc/passwd", "no IANA time zone"),
        ("timezone", "localtime", "'localtime' is no IANA time zone"),
        ("timezone", "Factory", "'Factory' is no IANA time zone"),
        ("currency", "gbp", "'gbp' is no ISO 4217 code"),
        ("currency", "GB1", "'GB1' is no ISO 4217 code"),
        ("currency", "£", "no ISO 4217 code"),
        ("currency", "GBP\n", "no ISO 4217 code"),
        ("identical_lines", "sum", "'sum' is neither keep nor drop"),
        ("date_format", "uk", "give iso, us, eu"),
    ],
)
def test_settings_that_cannot_be(setting: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        FeedSettings(**{setting: value}).check()
    assert told in caught.value.message
    assert caught.value.attributes == {"setting": setting}
