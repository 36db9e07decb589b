"""The webhook and the mail server of an Alerts block, as saved blocks that the Alerts block refers to.

Prefect's two forms lose them in different ways. The older one drops a nested block that is stored inside the Alerts
block. The newer one replaces a reference with the values that the API shows, in which secrets are masked. So the Alerts
block refers to saved blocks and also keeps their names, from which a masked one is loaded again.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, cast

import httpx
from prefect.blocks.core import Block
from prefect.exceptions import PrefectException
from prefect.logging import get_logger
from prefect_email import EmailServerCredentials
from prefect_slack import SlackWebhook
from pydantic import SecretStr

from tasks.errors import SettingsError

if TYPE_CHECKING:
    from blocks.alerts import Alerts

# Prefect's API shows every secret like this, an empty one too.
_MASK = "********"
_CHANNELS: dict[str, type[Block]] = {"slack": SlackWebhook, "email": EmailServerCredentials}
_SECRETS = {"slack": "url", "email": "password"}


async def save_channels(alerts: Alerts, name: str, *, overwrite: bool) -> None:
    """Save the webhook and the mail server that are not saved yet, and keep their names in the Alerts block.

    Args:
        alerts: Block to change in place.
        name: Name of the Alerts block; the others become ``NAME-alerts``.
        overwrite: Replace blocks of that name; otherwise a name that another block has gets a number.
    """
    for field in _CHANNELS:
        channel: Block | None = getattr(alerts, field)
        if channel is not None and channel._block_document_name is None and not is_masked(alerts, field):
            channel = await _saved(channel, f"{name}-alerts", overwrite=overwrite)
            setattr(alerts, field, channel)
        if channel is None or channel._block_document_name is not None:
            setattr(alerts, f"{field}_block", channel._block_document_name if channel else "")


async def restore_channels(alerts: Alerts, name: str) -> None:
    """Load what a form has masked, and save the Alerts block by reference if it is not.

    A block that cannot be saved now (no right, no answer) is complete for this run, and the next one tries again.

    Args:
        alerts: Block as loaded, changed in place.
        name: Name of the block.
    """
    before = _references(alerts)
    for field, kind in _CHANNELS.items():
        saved_name = getattr(alerts, f"{field}_block")
        if is_masked(alerts, field) and saved_name:
            try:
                setattr(alerts, field, await kind.aload(saved_name))
            except ValueError:
                continue  # ``check_masked`` says so when the channel is used
    try:
        await save_channels(alerts, name, overwrite=False)
        if _references(alerts) != before:
            await Block.asave(alerts, name, overwrite=True)
    except (httpx.HTTPError, PrefectException, ValueError) as error:
        get_logger("retail").warning(
            "The Alerts block %s could not be saved by reference (%s): do not save it in Prefect's form before a "
            "run or python -m deployments.blocks could.",
            name,
            type(error).__name__,
        )


def is_masked(alerts: Alerts, field: str) -> bool:
    """Whether Prefect's form has replaced the secret of the channel in that field with its mask."""
    channel = getattr(alerts, field)
    if channel is None:
        return False
    return cast(SecretStr, getattr(channel, _SECRETS[field])).get_secret_value() == _MASK


def check_masked(alerts: Alerts) -> None:
    """Raise SettingsError if a channel's secret is lost."""
    for field, what in (("slack", "Slack webhook"), ("email", "mail server")):
        if is_masked(alerts, field):
            raise SettingsError(
                f"The {what} of the Alerts block has lost its secret: Prefect's form saved its mask.",
                f"Open the Alerts block in Prefect's form, and select the {what} again.",
                setting=field,
            )


def _references(alerts: Alerts) -> list[object]:
    channels = [getattr(alerts, field) for field in _CHANNELS]
    ids = [channel._block_document_id if channel else None for channel in channels]
    return [*ids, *(getattr(alerts, f"{field}_block") for field in _CHANNELS)]


async def _saved(channel: Block, name: str, *, overwrite: bool) -> Block:
    """Save a block under that name; without ``overwrite`` under the first name that no different block has."""
    candidate = name
    for number in count(2):
        try:
            stored = None if overwrite else await type(channel).aload(candidate)
        except ValueError:
            stored = None
        if stored is None:
            break
        if all(getattr(stored, field) == getattr(channel, field) for field in type(channel).model_fields):
            return stored
        candidate = f"{name}-{number}"
    await channel.asave(candidate, overwrite=True)
    return channel
