"""Where lineage is sent to, as plain settings; safe to print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import SecretStr

ENDPOINT = "api/v1/lineage"
NAMESPACE = "prefect-retail"
CLUSTER = "primary"


@dataclass(frozen=True)
class HttpTarget:
    """A server that receives OpenLineage: Marquez, DataHub, OpenMetadata and others."""

    name: ClassVar[str] = "OpenLineage"
    url: str
    endpoint: str = ENDPOINT
    api_key: SecretStr | None = None


@dataclass(frozen=True)
class FileTarget:
    """A file that gets one event a line."""

    name: ClassVar[str] = "lineage file"
    path: Path


@dataclass(frozen=True)
class AtlasTarget:
    """An Apache Atlas; ``cluster`` ends the qualified names, as Atlas's own hooks do it."""

    name: ClassVar[str] = "Atlas"
    url: str
    user: str = ""
    password: SecretStr | None = None
    cluster: str = CLUSTER


Target = HttpTarget | FileTarget | AtlasTarget


@dataclass(frozen=True)
class LineageTargets:
    """All places that a run tells, none by default; ``namespace`` is that of its jobs."""

    places: tuple[Target, ...] = ()
    namespace: str = NAMESPACE
