"""Give a flow the parameters of a pydantic model: names, types, defaults, and descriptions in its docstring.

Prefect derives the form, the schema that its server enforces, and the binding of calls from a function's signature
and the ``Args`` of its docstring.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ParamSpec, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from tasks.errors import SettingsError

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)


class _WithoutDefault(dict[str, Any]):
    """A JSON schema in which pydantic cannot set a default."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key != "default":
            super().__setitem__(key, value)


class EmptyField:
    """JSON schema of a parameter that is drawn as one empty field, and not sent unless it is filled.

    With a default of null, Prefect's form would send null, and its server refuse it for a plain number. Without a
    default the form sends nothing, and the server takes null as well. A union with null would be drawn as tabs.
    """

    def __init__(self, **schema: Any) -> None:
        self.schema = schema

    def __repr__(self) -> str:
        return "may stay empty"

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the field's JSON schema; pydantic calls this."""
        return _WithoutDefault(self.schema)


class _NullMeans:
    """Validate null as a parameter's default: deployments store null for fields that were left empty."""

    def __init__(self, default: Any) -> None:
        self.default = default

    def __repr__(self) -> str:
        return f"null means {self.default!r}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the type's schema behind a validator that replaces null; pydantic calls this."""
        return core_schema.no_info_before_validator_function(self._replace, handler(source))

    def _replace(self, value: Any) -> Any:
        return self.default if value is None else value


def parameters_from(model: Callable[P, BaseModel]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Decorate a function of ``*args, **kwargs`` with the parameters of a model; see ``bind``.

    The function stays the same object, so that Prefect finds its source file.

    Args:
        model: The class of the model; type checkers take the parameters from its constructor.
    """

    def decorate(function: Callable[..., R]) -> Callable[P, R]:
        assert isinstance(model, type)  # noqa: S101 - a Callable for type checkers only
        assert issubclass(model, BaseModel)  # noqa: S101
        # From the function itself only what it returns.
        returns = inspect.signature(function).return_annotation
        function.__signature__ = _signature(model, returns)  # type: ignore[attr-defined]
        function.__doc__ = _with_arguments(inspect.getdoc(function) or "", model)
        return function

    return decorate


def bind(model: type[M], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> M:
    """Build a model from the arguments of a call.

    Raises:
        SettingsError: a value does not fit its parameter.
        TypeError: an argument that is unknown, or given twice, as for any function.
    """
    bound = _signature(model).bind(*args, **kwargs)
    try:
        return model(**bound.arguments)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        raise SettingsError(f"{name}: {first['input']!r}: {first['msg']}.", setting=name) from None


def _signature(model: type[BaseModel], returns: Any = inspect.Signature.empty) -> inspect.Signature:
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=field.default,
            annotation=_annotation(field),
        )
        for name, field in model.model_fields.items()
    ]
    return inspect.Signature(parameters, return_annotation=returns)


def _annotation(field: FieldInfo) -> Any:
    """A field's type, which Prefect and the model's constructor validate alike."""
    annotation: Any = field.annotation
    for metadata in field.metadata:
        annotation = Annotated[annotation, metadata]
    return Annotated[annotation, _NullMeans(field.default)]


def _with_arguments(docstring: str, model: type[BaseModel]) -> str:
    lines = [f"{name}: {field.description}" for name, field in model.model_fields.items()]
    filled = [
        textwrap.fill(line, 110, initial_indent="    ", subsequent_indent="        ", break_on_hyphens=False)
        for line in lines
    ]
    head, returns, rest = docstring.partition("\n\nReturns:")
    return "\n".join([f"{head}\n\nArgs:", *filled]) + returns + rest
