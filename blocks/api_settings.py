"""The settings of the REST API."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from blocks.setting_types import BlockName


class ServingSettings(BaseSettings):
    """Who may use the REST API, and how much of it at a time."""

    retail_api: BlockName = Field("", description="Name of an ApiUsers block; overrides RETAIL_API_USERS.")
    retail_api_users: SecretStr | None = Field(
        None,
        description="Users of the REST API as NAME:ROLE:HASH, separated by spaces; `retail api-user NAME` prints one.",
    )
    retail_api_body_kb: int = Field(
        1024, ge=1, le=65_536, description="Largest body of a request to the REST API, in kB."
    )
    retail_api_requests: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Requests that the REST API works on at a time; it turns further ones away.",
    )
    retail_api_runs: int = Field(
        4, ge=1, le=100, description="Flow runs that the REST API runs in its own process at a time."
    )
    retail_api_deployments: bool = Field(
        True,
        description="Start work by its deployment where that is served; off: always in the process of the REST API.",
    )
