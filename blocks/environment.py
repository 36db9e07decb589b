"""Settings from the environment: the warehouse's address, the workspace, and how long it keeps things.

DATABASE_URL            the warehouse; without it the embedded Postgres is used
RETAIL_DATA_DIR         folder of the embedded server and the workspace
RETAIL_WORKSPACE        folder of bronze, silver, quarantine and reports (default: workspace in the above)
RETAIL_RETENTION_DAYS   days after which bronze and silver that were not used are deleted (default 7)
RETAIL_QUALITY_WEIGHTS  weights of the dimensions, such as completeness=2,uniqueness=0.5 (default 1 each)
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tasks.errors import SettingsError
from tasks.validate.score import overall
from tasks.warehouse.connect import ConnectionSettings, check_for_loads, from_url
from tasks.warehouse.embedded import EmbeddedServer, default_data_dir


async def warehouse(block_name: str = "") -> ConnectionSettings:
    """The warehouse of this process: DATABASE_URL, else the embedded server, started if need be.

    Raises SettingsError for an address that loads cannot use, EmbeddedServerError if the server cannot start.
    """
    if block_name:
        raise SettingsError(
            f"warehouse: there is no block {block_name!r} yet. Leave it empty and set DATABASE_URL.",
            setting="warehouse",
        )
    url = os.environ.get("DATABASE_URL")
    if not url:
        return await asyncio.to_thread(EmbeddedServer(default_data_dir()).start)
    settings = from_url(url)
    check_for_loads(settings)
    return settings


def workspace() -> Path:
    """The folder of bronze, silver, quarantine and reports."""
    chosen = os.environ.get("RETAIL_WORKSPACE")
    return Path(chosen).expanduser().absolute() if chosen else default_data_dir() / "workspace"


def retention_days() -> float:
    """How long unused bronze and silver are kept. Raises SettingsError if it is no positive number."""
    text = os.environ.get("RETAIL_RETENTION_DAYS", "7")
    try:
        days = float(text)
    except ValueError:
        days = 0
    if not 0 < days < float("inf"):
        raise SettingsError(
            f"RETAIL_RETENTION_DAYS: {text!r} is no positive number of days.", setting="RETAIL_RETENTION_DAYS"
        )
    return days


def quality_weights() -> dict[str, float]:
    """Weights of the quality dimensions. Raises SettingsError for what is no weight of a dimension."""
    text = os.environ.get("RETAIL_QUALITY_WEIGHTS", "")
    try:
        pairs = [item.split("=") for item in text.split(",") if item.strip()]
        weights = {name.strip(): float(value) for name, value in pairs}
    except ValueError:
        raise SettingsError(
            f"RETAIL_QUALITY_WEIGHTS: {text!r} is not of the form completeness=2,uniqueness=0.5.",
            setting="RETAIL_QUALITY_WEIGHTS",
        ) from None
    overall(
        dict.fromkeys(("completeness", "uniqueness", "validity", "consistency", "timeliness"), 100.0), weights
    )
    return weights
