"""Valid and invalid date formats of a feed; an invalid one is rejected before any file is read."""

from __future__ import annotations

import pytest

from tasks.errors import SettingsError
from tasks.ingest.date_formats import check_date_format


@pytest.mark.parametrize(
    "date_format",
    [
        None,
        "iso",
        "us",
        "eu",
        "%d-%m-%Y %H:%M",
        "%-d/%-m/%Y",
        "%e %B %Y",
        "%d%m%y",
        "%m/%d/%Y %I:%M:%S %p",
        "%F %T",
    ],
)
def test_valid_formats(date_format: str | None) -> None:
    check_date_format(date_format)


@pytest.mark.parametrize(
    "date_format",
    [
        "",
        "US",
        "dd/mm/yyyy",
        "%d/%m",
        "%Y",
        "%H:%M",
        "%d-%m-%Y %H",
        "%d-%m-%Y %I:%M",
        "%d-%m-%Y %Q",
        "%",
        "%d %m %Y %",
    ],
)
def test_invalid_formats(date_format: str) -> None:
    with pytest.raises(SettingsError, match="Use iso, us, eu, or a strptime pattern such as") as caught:
        check_date_format(date_format)
    assert caught.value.attributes == {"setting": "date_format"}
    assert repr(date_format) in caught.value.message
