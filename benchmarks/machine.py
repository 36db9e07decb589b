"""Machine and versions that a benchmark ran on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

_PACKAGES = (
    *("prefect-retail", "prefect", "polars", "pandera", "asyncpg", "pgpq", "sqlalchemy"),
    *("dlt", "adbc-driver-postgresql", "psycopg2-binary", "pyarrow"),
)


def describe_machine() -> dict[str, str]:
    """Describe processor, memory, operating system and current load."""
    return {
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "System": f"{_system()}, kernel {platform.release()}, {platform.machine()}",
        "Load average before the first round": f"{os.getloadavg()[0]:.1f}",
        "Date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def versions(postgres: str) -> dict[str, str]:
    """Versions of Python, Postgres and the packages involved."""
    packages = {name: version(name) for name in _PACKAGES}
    return {"Python": platform.python_version(), "Postgres": postgres, **packages}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.mac_ver()[0]}".strip()
