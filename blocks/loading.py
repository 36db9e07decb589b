"""Load a block from Prefect, with errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from blocks.names import ensure_block_name
from blocks.own_server import prepare_own_server
from tasks.errors import PrefectUnreachable, SettingsError

if TYPE_CHECKING:
    from prefect.blocks.core import Block


async def load_block(kind: type[Block], name: str, setting: str, otherwise: str = "") -> Block:
    """Load a block.

    Args:
        kind: Its class.
        name: Its name.
        setting: The parameter that names it, for errors.
        otherwise: A sentence for the error of a missing block: what may have been meant instead.

    Raises:
        SettingsError: It does not exist, or its name cannot be one.
        PrefectUnreachable: The Prefect API gives no answer.
    """
    ensure_block_name(name, setting)
    try:
        with prefect_errors_mapped():
            return await kind.aload(name)
    except ValueError:
        advice = "Create it in the Prefect UI or with python -m deployments.blocks; prefect block ls lists the names."
        raise SettingsError(
            f"{setting}: Prefect has no {kind.__name__} block {name!r}.",
            f"{advice} {otherwise}".rstrip(),
            setting=setting,
        ) from None


@contextmanager
def prefect_errors_mapped() -> Iterator[None]:
    """Turn a connection error of Prefect's client into PrefectUnreachable."""
    import httpx  # noqa: PLC0415 - Prefect's, imported with it
    from prefect.settings import get_current_settings  # noqa: PLC0415 - as above

    prepare_own_server()
    try:
        yield
    except httpx.TransportError:
        raise PrefectUnreachable.at(get_current_settings().api.url or "") from None
