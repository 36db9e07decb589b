"""Prefect's flow, with a look at its parameters before Prefect stores, validates and logs them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ParamSpec, TypeVar

from prefect import Flow
from pydantic import WithJsonSchema

from blocks.names import BLOCK_NAME, ensure_block_name
from blocks.own_server import prepare_own_server
from tasks.errors import SettingsError
from tasks.outside_text import holds_password

P = ParamSpec("P")
R = TypeVar("R")

# With the pattern Prefect's server refuses anything else for a deployment, before it stores it.
BlockName = Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^({BLOCK_NAME})?$"})]
_BLOCKS = ("warehouse", "alerts", "vault")


class CheckedFlow(Flow[P, R]):
    """A flow whose parameters hold no address with a password, and name blocks where blocks are meant."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the flow as Prefect does. Raises SettingsError before Prefect knows of the run."""
        # What does not fit the signature (Prefect's own arguments do not) is for Prefect to say.
        ensure_safe(_arguments(self.fn, args, kwargs))
        prepare_own_server()
        return super().__call__(*args, **kwargs)

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Validate them as Prefect does, which logs all of them where one does not fit its type."""
        ensure_safe(parameters)
        return super().validate_parameters(parameters)


def flow(**options: Any) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """``prefect.flow``, for a ``CheckedFlow``."""

    def decorate(function: Callable[P, R]) -> Flow[P, R]:
        return CheckedFlow(function, **options)

    return decorate


def ensure_safe(parameters: Mapping[str, Any]) -> None:
    """Raise SettingsError, without quoting a value, for a parameter that Prefect must not store."""
    for name, value in parameters.items():
        if name in _BLOCKS and isinstance(value, str) and value:
            ensure_block_name(value, name)
        if any(holds_password(text) for text in _texts(value)):
            raise SettingsError(
                f"{name}: it holds an address with a password, and Prefect stores and shows parameters.",
                "Leave the password out.",
                setting=name,
            )


def _arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    names = list(inspect.signature(function).parameters)
    return dict(zip(names, args, strict=False)) | dict(kwargs)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _texts(inner)
