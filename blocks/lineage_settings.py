"""The settings of lineage: the servers and the file that are told of every run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from tasks.backup.vault.open import holds_credentials
from tasks.report.lineage.targets import (
    CLUSTER,
    ENDPOINT,
    NAMESPACE,
    AtlasTarget,
    FileTarget,
    HttpTarget,
    LineageTargets,
)

# What to do about an invalid one. None of these is quoted: it may hold a secret.
ADVICE = {
    "openlineage_url": "Set it to http://HOST:PORT or https://HOST; a key belongs in OPENLINEAGE_API_KEY.",
    "openlineage_endpoint": "Set it to a path such as api/v1/lineage.",
    "retail_atlas_url": "Set it to https://HOST:PORT; the user belongs in RETAIL_ATLAS_USER and "
    "RETAIL_ATLAS_PASSWORD.",
    "retail_lineage_file": "Set it to the path of a file.",
}


def _url(value: str) -> str:
    value = value.strip()
    if not value:
        return value
    if holds_credentials(value):
        raise ValueError("holds credentials, or more than an address")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character.isspace() for character in value):
        raise ValueError("is not the address of a server")
    return value


def _path(value: str) -> str:
    if "://" in value or any(mark in value for mark in "@?#") or not value.strip("/ "):
        raise ValueError("is not a path")
    return value.strip()


def _file(value: Path | None) -> Path | None:
    # The path of an address has lost one of its slashes.
    if value is not None and ":/" in str(value):
        raise ValueError("is an address")
    return value


class LineageSettings(BaseSettings):
    """The settings of lineage. Those of OpenLineage have the names that its other integrations use."""

    openlineage_url: Annotated[str, AfterValidator(_url)] = Field(
        "", description="URL of a server that receives OpenLineage; unset: nothing is sent."
    )
    openlineage_endpoint: Annotated[str, AfterValidator(_path)] = Field(
        ENDPOINT, description="Path of that server that takes events."
    )
    openlineage_api_key: SecretStr | None = Field(
        None, description="Key for that server, sent as a bearer token."
    )
    openlineage_namespace: str = Field(
        NAMESPACE, min_length=1, max_length=200, description="Namespace of the jobs."
    )
    openlineage_disabled: bool = Field(False, description="Send no lineage, whatever else is set.")
    retail_lineage_file: Annotated[Path | None, AfterValidator(_file)] = Field(
        None, description="File to which events of OpenLineage are appended, one a line."
    )
    retail_atlas_url: Annotated[str, AfterValidator(_url)] = Field(
        "", description="URL of an Apache Atlas that gets datasets and jobs; unset: nothing is sent."
    )
    retail_atlas_user: str = Field("", description="User of the Apache Atlas.")
    retail_atlas_password: SecretStr | None = Field(None, description="Password of RETAIL_ATLAS_USER.")
    retail_atlas_cluster: str = Field(
        CLUSTER,
        min_length=1,
        max_length=200,
        description="Ends the qualified names in Apache Atlas, after an @.",
    )

    @property
    def lineage_targets(self) -> LineageTargets:
        """The places that runs tell."""
        if self.openlineage_disabled:
            return LineageTargets()
        places: list[HttpTarget | FileTarget | AtlasTarget] = []
        if self.openlineage_url:
            places.append(
                HttpTarget(self.openlineage_url, self.openlineage_endpoint, self.openlineage_api_key)
            )
        if self.retail_lineage_file is not None:
            places.append(FileTarget(self.retail_lineage_file.expanduser().absolute()))
        if self.retail_atlas_url:
            places.append(
                AtlasTarget(
                    self.retail_atlas_url,
                    self.retail_atlas_user,
                    self.retail_atlas_password,
                    self.retail_atlas_cluster,
                )
            )
        return LineageTargets(tuple(places), self.openlineage_namespace)
