"""Read the settings; ``retail settings`` shows each value with its origin.

Sources by precedence: command line, flow parameter, named block, environment, ``.env`` file in the working directory,
default. An invalid setting is an error that names it; a name that misspells a setting is a warning.
"""

from __future__ import annotations

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

from blocks.names import where_it_belongs
from blocks.near_names import Misspelling, meant_name, replaced_names
from blocks.settings import ADVICE, Settings
from blocks.working_directory import ENV_FILE, read_env_file
from tasks.errors import SettingsError, UntrustedPath
from tasks.outside_text import MASK, displayable
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

_BLOCK_NAMES = ("retail_warehouse", "retail_alerts", "retail_api")
_SERVERS = ("database_url", "retail_proof_server")


COMMAND_LINE = "command line"
_command_line: dict[str, Any] = {}


def set_command_line(values: Mapping[str, Any]) -> None:
    """Set the settings that the command line of this process gives, by field name. They override all other sources."""
    _command_line.update(_without_none(values))


@dataclass(frozen=True)
class Resolved:
    """The settings of a run, and the origin of each that is not a default: command line, parameter, block …"""

    settings: Settings
    origins: Mapping[str, str]
    # Names that misspell a setting: a run warns of them and goes on.
    misspelled: tuple[Misspelling, ...] = ()
    # Names of the Airflow project, each with ours.
    replaced: tuple[tuple[str, str], ...] = ()
    env_file: str = ""

    @property
    def sources(self) -> dict[str, str]:
        """Origin of each setting that is not the default, by its name in the environment; a file by its path."""
        return {
            name: self.env_file if origin == ENV_FILE else origin
            for name, _, origin in self.rows
            if origin != "default"
        }

    @cached_property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """One row per setting: environment variable, value with secrets masked, origin."""
        return tuple(
            (name.upper(), _shown(name, getattr(self.settings, name)), self.origins.get(name, "default"))
            for name in Settings.model_fields
        )


def resolve(
    parameters: Mapping[str, Any] | None = None, blocks: Mapping[str, Mapping[str, Any]] | None = None
) -> Resolved:
    """Resolve the settings from all sources.

    Args:
        parameters: Values by field name; None means not set. They override all other sources.
        blocks: Values by field name, by name of the block; they override the environment.

    Raises:
        SettingsError: A setting is invalid. Values that may be secret are not quoted.
    """
    resolved, errors = resolve_collecting_errors(parameters, blocks)
    if errors:
        raise errors[0]
    return resolved


def resolve_collecting_errors(
    parameters: Mapping[str, Any] | None = None, blocks: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Resolved, tuple[SettingsError, ...]]:
    """Like ``resolve``, but return the errors; an invalid setting has its default."""
    file, errors = _read_file()
    misspelled = [*_misspellings(os.environ, "the environment"), *_misspellings(file, ENV_FILE)]
    # Without it the lines would go into another warehouse.
    grave = [slip for slip in misspelled if slip.meant == "DATABASE_URL"]
    errors += [SettingsError(slip.what, slip.next_step, setting=slip.name) for slip in grave]
    file_source = EnvSettingsSource(Settings)
    file_source.env_vars = {name.lower(): value for name, value in file.items() if value}
    layers: list[tuple[str, Mapping[str, Any]]] = [
        (ENV_FILE, file_source()),
        ("environment", EnvSettingsSource(Settings)()),
        *((f"block {name}", _without_none(values)) for name, values in (blocks or {}).items()),
        ("parameter", _without_none(parameters)),
        (COMMAND_LINE, _command_line),
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        values.update(layer)
        origins.update(dict.fromkeys(layer, origin))
    try:
        settings = Settings(**values)
    except ValidationError as error:
        errors += _invalid_values(error, origins)
        invalid = {str(detail["loc"][0]) for detail in error.errors()} & set(Settings.model_fields)
        defaults = {
            name: Settings.model_fields[name].get_default(call_default_factory=True) for name in invalid
        }
        settings = Settings(**{**values, **defaults})
    errors += _incomplete_channels(settings)
    harmless = tuple(slip for slip in misspelled if slip not in grave)
    replaced = tuple(replaced_names([*os.environ, *file]))
    env_file = str(Path(ENV_FILE).absolute()) if file else ""
    return Resolved(settings, origins, harmless, replaced, env_file), tuple(errors)


def resolve_leniently() -> Resolved:
    """The settings of the environment, with defaults for invalid ones.

    Alerts use them: a run that fails because of a setting must still be able to send its alert.
    """
    return resolve_collecting_errors()[0]


def read_settings() -> Settings:
    """The settings of the environment. Raises SettingsError like ``resolve``."""
    return resolve().settings


def execution_seconds() -> float:
    """Time limit of a run in seconds; the default if the settings are invalid, which the run then reports."""
    try:
        return read_settings().pipeline_execution_timeout_hours * 3600
    except SettingsError:
        return float(Settings.model_fields["pipeline_execution_timeout_hours"].default) * 3600


def _read_file() -> tuple[dict[str, str], list[SettingsError]]:
    """Names and values of the .env file, and an error for each invalid line.

    A skipped line could be the one that names the warehouse. No line is quoted: it may hold a secret.
    """
    try:
        text = read_env_file()
    except UntrustedPath as untrusted:
        return {}, [untrusted]
    except (OSError, UnicodeDecodeError) as error:
        what = (
            "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read ({error.strerror})"
        )
        unreadable = SettingsError(
            f"{Path(ENV_FILE).absolute()} {what}.", "Save it as UTF-8 text.", setting=ENV_FILE
        )
        return {}, [unreadable]
    values, errors = {}, []
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            errors.append(
                SettingsError(
                    f"{Path(ENV_FILE).absolute()}, line {binding.original.line}, cannot be read: "
                    "it is not of the form NAME=value, or a quotation mark is missing.",
                    "Correct it, or comment it out with #.",
                    setting=ENV_FILE,
                )
            )
        elif binding.key is not None:
            values[binding.key] = binding.value or ""
    return values, errors


def _without_none(layer: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (layer or {}).items() if value is not None}


def _misspellings(variables: Iterable[str], source: str) -> Iterator[Misspelling]:
    known = {name.upper() for name in Settings.model_fields}
    if source != ENV_FILE:
        known.discard("DATABASE_URL")  # every other program has one like it
    for name in variables:
        meant = None if name.upper() == "DATABASE_URL" else meant_name(name, known)
        if meant:
            yield Misspelling(name, source, meant)


# A parameter has the setting's name without its prefix, but for these.
_OF_PARAMETERS = {
    "pipeline_default_retries": "retries",
    "pipeline_retry_delay_minutes": "retry_delay_seconds, in minutes,",
}


def _invalid_values(error: ValidationError, origins: Mapping[str, str]) -> Iterator[SettingsError]:
    """A SettingsError for each invalid value; values that may be secret are not quoted."""
    for detail in error.errors(include_url=False):
        field = str(detail["loc"][0])
        annotation = (
            str(Settings.model_fields[field].annotation) if field in Settings.model_fields else "SecretStr"
        )
        # In the place of a block's name there may be an address with its password.
        is_secret = "Secret" in annotation or field in (*_BLOCK_NAMES, *ADVICE)
        quoted = "" if is_secret else f" {detail['input']!r}"
        # Pydantic prefixes the text of our own validators, so take it from the error itself.
        cause = detail["ctx"]["error"] if detail["type"] == "value_error" else detail["msg"]
        what = str(cause).rstrip(".")
        origin = origins.get(field, "default")
        name = _OF_PARAMETERS.get(field, field.partition("_")[2]) if origin == "parameter" else field.upper()
        yield SettingsError(
            f"{name}{quoted} (from {origin}): {what[:1].lower()}{what[1:]}.",
            _advice(field, name, detail["type"]),
            setting=name.partition(",")[0],
        )


def _advice(field: str, name: str, kind: str) -> str:
    if field in _BLOCK_NAMES:
        return where_it_belongs(name)
    if field in ADVICE:
        return ADVICE[field]
    return "Set it to true or false." if kind == "bool_parsing" else "Correct it."


def _incomplete_channels(settings: Settings) -> Iterator[SettingsError]:
    """An error for each setting that a channel which is switched on lacks."""
    if settings.pipeline_slack_notifications and settings.pipeline_slack_webhook_url is None:
        yield SettingsError(
            "PIPELINE_SLACK_NOTIFICATIONS is on, but PIPELINE_SLACK_WEBHOOK_URL is not set.",
            "Set it to the channel's incoming webhook.",
            setting="PIPELINE_SLACK_WEBHOOK_URL",
        )
    if settings.pipeline_email_alerts and not settings.pipeline_email_recipients:
        yield SettingsError(
            "PIPELINE_EMAIL_ALERTS is on, but PIPELINE_EMAIL_RECIPIENTS is not set.",
            "Set it to the recipients' addresses.",
            setting="PIPELINE_EMAIL_RECIPIENTS",
        )
    if settings.pipeline_email_alerts and not settings.pipeline_smtp_host:
        yield SettingsError(
            "PIPELINE_EMAIL_ALERTS is on, but PIPELINE_SMTP_HOST is not set.",
            "Set it to the mail server's host name.",
            setting="PIPELINE_SMTP_HOST",
        )


def _shown(name: str, value: Any) -> str:
    """A value as text, with secrets masked; in the URL of a server only the password is."""
    match value:
        case SecretStr():
            return _masked_url(value) if name in _SERVERS else MASK
        case tuple():
            return ",".join(_shown("", item) for item in value)
        case dict():
            return ",".join(f"{key}={number:g}" for key, number in value.items())
        case float():
            return f"{value:g}"
    return "" if value is None else displayable(value)


def _masked_url(url: SecretStr) -> str:
    try:
        return from_url(url.get_secret_value()).display
    except SettingsError:
        return MASK
