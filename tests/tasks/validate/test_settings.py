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
        {"encoding": "cp1250", "missing_words": "-,NULL"},
        {"encoding": "latin-1", "missing_words": "none"},
        {"customers": "codes", "store_column": "passed over"},
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
        ("customers", "names", "'names' is neither codes nor numbers. Use codes or numbers."),
        ("encoding", "cp1255x", "Use cp1255, cp1258 or cp1257."),
        ("encoding", "utf-7", "Use utf-8, utf-16 or utf-16-le."),
        ("encoding", "rot13", "'rot13' is not an encoding of text files. Use one of utf-8, utf-16,"),
        ("encoding", "utf\0-8", "is not an encoding of text files"),
        (
            "missing_words",
            " , ",
            "' , ' has no word. Use words separated by commas, such as NULL,n/a, or none.",
        ),
    ],
)
def test_invalid_settings(setting: str, value: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        FeedSettings(**{setting: value}).check()
    assert problem in caught.value.message
    assert caught.value.attributes == {"setting": setting}
