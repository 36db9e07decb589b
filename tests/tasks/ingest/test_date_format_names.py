"""Which date formats a feed may have; a wrong one is refused before anything is read."""

from __future__ import annotations

import pytest

from tasks.errors import SettingsError
from tasks.ingest.date_formats import check_name


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
def test_formats_that_can_be(date_format: str | None) -> None:
    check_name(date_format)


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
def test_formats_that_cannot_be(date_format: str) -> None:
    with pytest.raises(SettingsError, match="give iso, us, eu, or a strptime pattern such as") as caught:
        check_name(date_format)
    assert caught.value.attributes == {"setting": "date_format"}
    assert repr(date_format) in caught.value.message
