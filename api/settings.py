"""The settings of the REST API, checked before it serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from api.passwords import check_hash
from blocks.loading import load_block
from blocks.settings_sources import Resolved, resolve
from blocks.user_list import ApiUser, parse_users
from tasks.errors import SettingsError

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class ApiSettings:
    """The settings of the REST API.

    Attributes:
        users: Who may use it; at least one.
        warehouse: Name of a SupabaseWarehouse block, or "embedded"; empty for the warehouse of the settings.
        vault: Name of a BackupVault block; empty for the vault of the settings.
        body_bytes: Largest body of a request.
        requests: Requests at a time.
        runs: Flow runs at a time in this process.
        deployments: Whether a run is started by its deployment where that is served.
    """

    users: tuple[ApiUser, ...]
    warehouse: str = ""
    vault: str = ""
    body_bytes: int = 1024 * 1024
    requests: int = 100
    runs: int = 4
    deployments: bool = True

    def __post_init__(self) -> None:
        """Check the users.

        Raises:
            SettingsError: there is none, or a password hash is damaged.
        """
        if not self.users:
            raise _no_users()
        for user in self.users:
            check_hash(user)


async def read_api_settings(resolved: Resolved | None = None) -> ApiSettings:
    """Read the settings of the REST API from the environment, ``.env`` and the block that they name.

    Raises:
        SettingsError: a setting is invalid, there is no user, or a password hash is damaged.
        PrefectUnreachable: the block cannot be read.
    """
    settings = (resolved or resolve()).settings
    if settings.retail_api:
        from blocks.api_users import ApiUsers  # noqa: PLC0415 - importing Prefect takes a second

        block = cast(ApiUsers, await load_block(ApiUsers, settings.retail_api, "api"))
        users = block.api_users()
    elif settings.retail_api_users is not None:
        users = parse_users(settings.retail_api_users.get_secret_value(), "RETAIL_API_USERS")
    else:
        raise _no_users()
    return ApiSettings(
        users,
        body_bytes=settings.retail_api_body_kb * 1024,
        requests=settings.retail_api_requests,
        runs=settings.retail_api_runs,
        deployments=settings.retail_api_deployments,
    )


def _no_users() -> SettingsError:
    return SettingsError(
        "Neither RETAIL_API_USERS nor RETAIL_API is set, so nobody may use the API.",
        "Make a user with: retail api-user NAME --role operator. Then set RETAIL_API_USERS to the line it prints.",
        setting="RETAIL_API_USERS",
    )
