"""The options of ``retail etl``: the parameters of the flow, under the command line's names, and its own few."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, get_args

from cyclopts import Parameter
from pydantic import BaseModel
from pydantic.fields import FieldInfo

# The command line's names, where they are not the parameter's own.
_NAMES = {
    "quality_threshold": ("--threshold", "--quality-threshold"),
    "retry_delay_seconds": ("--retry-delay",),
    "columns": ("--column",),
    "constants": ("--constant",),
    "settle_seconds": ("--settle", "--settle-seconds"),
}
# What the command line takes or does beyond the flow.
_MORE = {
    "warehouse": "On the command line also an address without a password, postgresql://USER@HOST:PORT/DATABASE.",
    "retry_delay_seconds": "On the command line the setting's minutes are taken as seconds, 5 by default.",
    "load": "--dry-run is the same as --no-load.",
    "columns": "On the command line once for each, as --column qty=Quantity.",
    "constants": "On the command line once for each, as --constant Country=France.",
}
_SWITCHES_ON = frozenset({"quality_checks", "load", "preflight"})


def flags(name: str) -> tuple[str, ...]:
    """The options of a parameter of the flow, as they are typed."""
    if name == "sources":
        return ("SOURCE...",)
    positive = _NAMES.get(name) or (f"--{name.replace('_', '-')}",)
    return (f"--no-{name.replace('_', '-')}",) if name in _SWITCHES_ON else positive


def description(name: str, field: FieldInfo) -> str:
    """A parameter's description, with what the command line adds to it."""
    return f"{field.description} {_MORE.get(name, '')}".rstrip()


def options_from(model: type[BaseModel]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Decorate a command of ``*sources, **options`` with the fields of a model before its own keyword options."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = [
            parameter
            for parameter in inspect.signature(command, eval_str=True).parameters.values()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        ]
        fields = [_option(name, field) for name, field in model.model_fields.items()]
        signature = inspect.Signature([*fields, *own])
        command.__signature__ = signature  # type: ignore[attr-defined]
        # cyclopts prefers them to the signature's.
        command.__annotations__ = {
            name: parameter.annotation for name, parameter in signature.parameters.items()
        }
        return command

    return decorate


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    if name == "sources":
        annotation: Any = Annotated[str, Parameter(help=description(name, field))]
        return inspect.Parameter(name, inspect.Parameter.VAR_POSITIONAL, annotation=annotation)
    parameter = Parameter(
        name=_NAMES.get(name),
        help=description(name, field),
        show_default=bool(field.default),
        validator=_are_pairs if field.default == {} else None,
        negative=()
        if field.default == {} or (field.annotation is bool and name not in _SWITCHES_ON)
        else None,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=field.default if field.default not in ("", {}) else None,
        annotation=Annotated[_typed(field), parameter],
    )


def _are_pairs(_: object, values: Sequence[str] | None) -> None:
    for value in values or ():
        if not value.partition("=")[0] or "=" not in value:
            raise ValueError(f"{value!r} is not written as NAME=VALUE.")


def _typed(field: FieldInfo) -> Any:
    """The field's type; None in place of empty text, which nobody types, and the pairs of a table as NAME=VALUE."""
    if field.default == {}:
        return list[str] | None
    if field.default != "":
        return field.annotation
    choices = tuple(choice for choice in get_args(field.annotation) if choice)
    return Literal[choices] | None if choices else str | None
