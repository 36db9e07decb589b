"""The types of the settings: how the text of an environment variable becomes a value."""

from __future__ import annotations

import re
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from blocks.names import NOT_A_BLOCK_NAME, is_block_name
from tasks.errors import SettingsError
from tasks.validate.score import DIMENSIONS, overall

_SCHEDULES = {"hourly": "17 * * * *", "daily": "30 2 * * *", "weekly": "30 2 * * 0"}
# Minute, hour, day of the month, month, day of the week.
_CRON_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def _split(value: Any) -> Any:
    """Split comma-separated text."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _weights(value: Any) -> Any:
    """Parse ``completeness=2,uniqueness=0.5`` into weights by quality dimension."""
    if isinstance(value, str):
        try:
            pairs = [item.split("=") for item in value.split(",") if item.strip()]
            value = {name.strip(): float(number) for name, number in pairs}
        except ValueError:
            raise ValueError("is not of the form completeness=2,uniqueness=0.5") from None
    try:
        overall(dict.fromkeys(DIMENSIONS, 100.0), value)
    except SettingsError as error:
        raise ValueError(error.message) from None
    return value


def _block_name(value: str) -> str:
    if value and not is_block_name(value):
        raise ValueError(f"is {NOT_A_BLOCK_NAME}")
    return value


def _schedule(value: str) -> str:
    """Turn hourly, daily or weekly into a cron expression; check any other as one."""
    cron = _SCHEDULES.get(value.strip().lower(), value.strip())
    fields = cron.split()
    if len(fields) != 5 or not all(map(_is_cron_field, fields, _CRON_LIMITS)):
        raise ValueError(f"is neither {', '.join(_SCHEDULES)} nor a cron expression with five fields")
    return cron


def _is_cron_field(text: str, limits: tuple[int, int]) -> bool:
    """Whether the text is ``*``, numbers, ranges or lists of them, with optional steps; names for months and days."""
    for part in text.split(","):
        numbers, _, step = part.partition("/")
        if step and not (step.isdecimal() and int(step) > 0):
            return False
        for number in [] if numbers == "*" else numbers.split("-", 1):
            named = limits[1] in {12, 7} and re.fullmatch("[A-Za-z]{3}", number)
            if not named and not (number.isdecimal() and limits[0] <= int(number) <= limits[1]):
                return False
    return True


def _pair(value: object) -> object:
    parts = _split(value)
    try:
        numbers = [float(part) for part in parts] if isinstance(parts, tuple | list) else []
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 2 or not all(isfinite(number) and number >= 0 for number in numbers):
        raise ValueError("is not WARNING,CRITICAL: two numbers from 0, such as 80,95")
    return tuple(numbers)


def _rising(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("has a warning limit above the critical one; write WARNING,CRITICAL")
    return value


def _falling(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] < value[1]:
        raise ValueError("has a warning limit below the critical one; write WARNING,CRITICAL")
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
Weights = Annotated[dict[str, float], NoDecode, BeforeValidator(_weights)]
# A warning and a critical limit, such as 80,95.
_Limits = Annotated[tuple[float, float], NoDecode, BeforeValidator(_pair)]
RisingLimits = Annotated[_Limits, AfterValidator(_rising)]
FallingLimits = Annotated[_Limits, AfterValidator(_falling)]
BlockName = Annotated[str, AfterValidator(_block_name)]
Cron = Annotated[str, AfterValidator(_schedule)]
