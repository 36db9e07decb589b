"""Every setting, from the environment or a ``.env`` file in the working directory; ``retail settings`` shows them.

A value is taken from the first of: the flow's parameter, the block that is named, the environment, the
``.env`` file, the default. A setting that is unknown or cannot be read is an error that names it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream
from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource

from blocks.settings import Settings
from tasks.errors import SettingsError
from tasks.postgres.settings import from_url

__all__ = [
    "ENV_FILE",
    "Resolved",
    "Settings",
    "execution_seconds",
    "read_settings",
    "resolve",
    "resolve_collecting_errors",
    "resolve_leniently",
]

ENV_FILE = ".env"
# What begins with one of these is ours, so that a name nobody knows is a slip of the pen.
_OURS = ("RETAIL_", "PIPELINE_", "SUPABASE_BACKUP_", "SUPABASE_MONITORING_")
_MASK = "********"


@dataclass(frozen=True)
class Resolved:
    """The settings of a run, and where each came from: parameter, a block, environment, .env, or default."""

    settings: Settings
    origins: Mapping[str, str]

    @cached_property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """Name in the environment, value with secrets masked, origin."""
        return tuple(
            (name.upper(), _shown(name, getattr(self.settings, name)), self.origins.get(name, "default"))
            for name in Settings.model_fields
        )


def resolve(
    parameters: Mapping[str, Any] | None = None, blocks: Mapping[str, Mapping[str, Any]] | None = None
) -> Resolved:
    """The settings with their origins; ``parameters`` beat those of ``blocks``, and these the environment.

    Parameters are by field name, those of a block too, under the block's name; None means not given.
    Raises SettingsError for a name that is unknown and for a value that cannot be read, without quoting one
    that may be secret.
    """
    resolved, faults = resolve_collecting_errors(parameters, blocks)
    if faults:
        raise faults[0]
    return resolved


def resolve_collecting_errors(
    parameters: Mapping[str, Any] | None = None, blocks: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Resolved, tuple[SettingsError, ...]]:
    """As ``resolve``, for who must go on: what is wrong is told, and has its default instead."""
    file, faults = _read_file()
    faults += [*_unknown(os.environ, "the environment"), *_unknown(file, ENV_FILE)]
    of_file = EnvSettingsSource(Settings)
    of_file.env_vars = {name.lower(): value for name, value in file.items() if value}
    layers: list[tuple[str, Mapping[str, Any]]] = [
        (ENV_FILE, of_file()),
        ("environment", EnvSettingsSource(Settings)()),
        *((f"block {name}", _given(values)) for name, values in (blocks or {}).items()),
        ("parameter", _given(parameters)),
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        values.update(layer)
        origins.update(dict.fromkeys(layer, origin))
    try:
        settings = Settings(**values)
    except ValidationError as error:
        faults += _refusals(error, origins)
        wrong = {str(one["loc"][0]) for one in error.errors()} & set(Settings.model_fields)
        defaults = {
            name: Settings.model_fields[name].get_default(call_default_factory=True) for name in wrong
        }
        settings = Settings(**{**values, **defaults})
    faults += _incomplete_channels(settings)
    return Resolved(settings, origins), tuple(faults)


def resolve_leniently() -> Resolved:
    """The settings of the environment that can be read, with defaults for the others: what alerts are sent by.

    A run that fails for a setting must still be able to tell people so.
    """
    return resolve_collecting_errors()[0]


def read_settings() -> Settings:
    """The settings of the environment. Raises SettingsError, see ``resolve``."""
    return resolve().settings


def execution_seconds() -> float:
    """The time limit of a run in seconds; the default if the settings are wrong, which the run then says."""
    try:
        return read_settings().pipeline_execution_timeout_hours * 3600
    except SettingsError:
        return float(Settings.model_fields["pipeline_execution_timeout_hours"].default) * 3600


def _read_file() -> tuple[dict[str, str], list[SettingsError]]:
    """The names and values of the .env file as they stand there, and an error for each line that is none.

    A line that was passed over could be the one that names the warehouse. No line is quoted: it may be a secret.
    """
    try:
        text = Path(ENV_FILE).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError) as error:
        what = (
            "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read ({error.strerror})"
        )
        fault = SettingsError(
            f"{Path(ENV_FILE).absolute()} {what}.", "Save it as UTF-8 text.", setting=ENV_FILE
        )
        return {}, [fault]
    values, faults = {}, []
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            faults.append(
                SettingsError(
                    f"{Path(ENV_FILE).absolute()}, line {binding.original.line}, cannot be read: "
                    "it is not of the form NAME=value, or a quotation mark is missing.",
                    "Correct it, or begin it with # to leave it out.",
                    setting=ENV_FILE,
                )
            )
        elif binding.key is not None:
            values[binding.key] = binding.value or ""
    return values, faults


def _given(layer: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (layer or {}).items() if value is not None}


def _unknown(variables: Iterable[str], source: str) -> Iterator[SettingsError]:
    """An error for each name that begins like ours and that nobody knows."""
    known = {name.upper() for name in Settings.model_fields}
    for name in variables:
        is_slip = source == ENV_FILE and bool(
            difflib.get_close_matches(name.upper(), ["DATABASE_URL"], cutoff=0.85)
        )
        if (name.upper().startswith(_OURS) or is_slip) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            advice = f"Did you mean {near[0]}?" if near else "retail settings lists those there are."
            yield SettingsError(
                f"{name}: {source} sets it, but there is no such setting. {advice}", setting=name
            )


def _refusals(error: ValidationError, origins: Mapping[str, str]) -> Iterator[SettingsError]:
    for one in error.errors(include_url=False, include_context=False):
        field = str(one["loc"][0])
        annotation = (
            str(Settings.model_fields[field].annotation) if field in Settings.model_fields else "SecretStr"
        )
        quoted = "" if "Secret" in annotation else f" {one['input']!r}"
        what = one["msg"].removeprefix("Value error, ").rstrip(".")
        origin = origins.get(field, "default")
        # A parameter has the setting's name without the word for where it belongs.
        name = field.partition("_")[2] if origin == "parameter" else field.upper()
        yield SettingsError(f"{name}{quoted} (from {origin}): {what[:1].lower()}{what[1:]}.", setting=name)


def _incomplete_channels(settings: Settings) -> Iterator[SettingsError]:
    """An error for each channel that is switched on without what it needs."""
    if settings.pipeline_slack_notifications and settings.pipeline_slack_webhook_url is None:
        yield SettingsError(
            "PIPELINE_SLACK_NOTIFICATIONS is on without PIPELINE_SLACK_WEBHOOK_URL: set "
            "the channel's webhook.",
            setting="PIPELINE_SLACK_WEBHOOK_URL",
        )
    if settings.pipeline_email_alerts and not settings.pipeline_email_recipients:
        yield SettingsError(
            "PIPELINE_EMAIL_ALERTS is on without PIPELINE_EMAIL_RECIPIENTS: name who gets them.",
            setting="PIPELINE_EMAIL_RECIPIENTS",
        )
    if settings.pipeline_email_alerts and not settings.pipeline_smtp_host:
        yield SettingsError(
            "PIPELINE_EMAIL_ALERTS is on without PIPELINE_SMTP_HOST: name the mail server.",
            setting="PIPELINE_SMTP_HOST",
        )


def _shown(name: str, value: Any) -> str:
    """A value as text, secrets masked; of the warehouse's address the password only."""
    match value:
        case SecretStr():
            return _address(value) if name == "database_url" else _MASK
        case tuple():
            return ",".join(_shown("", one) for one in value)
        case dict():
            return ",".join(f"{key}={number:g}" for key, number in value.items())
        case float():
            return f"{value:g}"
    return "" if value is None else str(value)


def _address(url: SecretStr) -> str:
    try:
        return from_url(url.get_secret_value()).display
    except SettingsError:
        return _MASK
