"""Every setting, from the environment or a ``.env`` file in the working directory; ``retail settings`` shows them.

A value is taken from the first of: the flow's parameter, the block that is named, the environment, the
``.env`` file, the default. A setting that is unknown or cannot be read is an error that names it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from tasks.errors import SettingsError
from tasks.validate.score import overall
from tasks.warehouse.embedded import default_data_dir

ENV_FILE = ".env"
SEVERITIES = ("info", "warning", "error", "critical")
Severity = Literal["info", "warning", "error", "critical"]
# What begins with one of these is ours, so that a name nobody knows is a slip of the pen.
_OURS = ("RETAIL_", "PIPELINE_", "SUPABASE_BACKUP_", "SUPABASE_MONITORING_")
_SCHEDULES = {"hourly": "17 * * * *", "daily": "30 2 * * *", "weekly": "30 2 * * 0"}
_DIMENSIONS = ("completeness", "uniqueness", "validity", "consistency", "timeliness")


def _split(value: Any) -> Any:
    """A comma-separated text as its parts."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _weights(value: Any) -> Any:
    """``completeness=2,uniqueness=0.5`` as a mapping that the score can use."""
    if isinstance(value, str):
        try:
            pairs = [item.split("=") for item in value.split(",") if item.strip()]
            value = {name.strip(): float(number) for name, number in pairs}
        except ValueError:
            raise ValueError("is not of the form completeness=2,uniqueness=0.5") from None
    try:
        overall(dict.fromkeys(_DIMENSIONS, 100.0), value)
    except SettingsError as error:
        raise ValueError(error.message) from None
    return value


def _schedule(value: str) -> str:
    """The cron expression of hourly, daily, weekly, or of itself."""
    cron = _SCHEDULES.get(value.strip().lower(), value.strip())
    if len(cron.split()) != 5:
        raise ValueError(f"is none of {', '.join(_SCHEDULES)}, nor a cron expression of five fields")
    return cron


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
Weights = Annotated[dict[str, float], NoDecode, BeforeValidator(_weights)]
Cron = Annotated[str, AfterValidator(_schedule)]


class Settings(BaseSettings):
    """All settings. A field's name in capitals is its name in the environment."""

    model_config = SettingsConfigDict(
        env_file=None,
        case_sensitive=False,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    database_url: SecretStr | None = Field(
        None, description="The warehouse's address; unset: the embedded Postgres."
    )
    retail_warehouse: str = Field(
        "", description="Name of a SupabaseWarehouse block; it replaces DATABASE_URL."
    )
    retail_connect_seconds: float = Field(
        60.0, gt=0, le=3600, description="Seconds for all tries of a connection."
    )
    retail_statement_timeout_minutes: float = Field(
        30.0, gt=0, le=1440, description="Limit of a bulk statement."
    )
    retail_pool_size: int | None = Field(
        None, ge=1, le=100, description="Connections kept (10; 5 on a shared pooler)."
    )
    retail_pool_overflow: int | None = Field(
        None, ge=0, le=100, description="Connections above those at need (20; 5 on a shared pooler)."
    )
    retail_analyst_roles: Names = Field((), description="Database roles that may read retail_dwh.")

    retail_data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of the embedded Postgres and the workspace."
    )
    retail_workspace: Path | None = Field(
        None, description="Folder of bronze, silver, quarantine and reports."
    )
    retail_retention_days: float = Field(
        7.0, gt=0, allow_inf_nan=False, description="Days after which unused bronze and silver are deleted."
    )
    retail_quality_weights: Weights = Field(
        default_factory=dict,
        description="Weights of the quality dimensions, such as completeness=2 (1 each).",
    )

    pipeline_default_retries: int = Field(
        3, ge=0, le=20, description="Retries of a task whose cause can pass."
    )
    pipeline_retry_delay_minutes: float = Field(
        5.0,
        ge=0,
        le=1440,
        description="First delay; it doubles each time. On the command line these are seconds.",
    )
    pipeline_execution_timeout_hours: float = Field(2.0, gt=0, le=168, description="Time limit of a run.")
    pipeline_quality_threshold: float = Field(
        85.0, ge=0, le=100, description="Below it a delivery is refused."
    )
    pipeline_quarantine_share: float = Field(
        5.0, ge=0, le=100, description="Percentage of a run's lines set aside above which people are told."
    )

    retail_alerts: str = Field("", description="Name of an Alerts block; it replaces the settings below.")
    pipeline_slack_notifications: bool = Field(False, description="Send alerts to Slack.")
    pipeline_slack_webhook_url: SecretStr | None = Field(
        None, description="Incoming webhook of the Slack channel."
    )
    pipeline_slack_minimum: Severity = Field("warning", description="Least severity that Slack gets.")
    pipeline_email_alerts: bool = Field(False, description="Send alerts by e-mail.")
    pipeline_email_recipients: Names = Field((), description="Addresses, separated by commas.")
    pipeline_email_sender: str = Field(
        "", description="Sender; unset: the SMTP user, else the first recipient."
    )
    pipeline_email_minimum: Severity = Field("error", description="Least severity that is sent by e-mail.")
    pipeline_smtp_host: str = Field("", description="Mail server.")
    pipeline_smtp_port: int | None = Field(None, ge=1, le=65535, description="Its port (465, 587 or 25).")
    pipeline_smtp_security: Literal["SSL", "STARTTLS", "INSECURE"] = Field(
        "STARTTLS", description="Its encryption."
    )
    pipeline_smtp_user: str = Field("", description="User at the mail server, if it wants one.")
    pipeline_smtp_password: SecretStr | None = Field(None, description="Password of that user.")
    pipeline_pager_urls: Secrets = Field(
        (), description="Apprise URLs, such as pagerduty://KEY@TOKEN, separated by commas."
    )
    pipeline_pager_minimum: Severity = Field("critical", description="Least severity that rings the pager.")
    pipeline_alert_quiet_minutes: float = Field(
        60.0, ge=0, le=10080, description="Minutes in which the same cause is told once."
    )

    supabase_backup_enabled: bool = Field(False, description="Schedule the backup deployments.")
    supabase_backup_schedule: Cron = Field(
        "daily", description="hourly, daily, weekly, or a cron expression (UTC)."
    )
    supabase_monitoring_enabled: bool = Field(
        False, description="Schedule the deployments that watch the warehouse."
    )

    @property
    def workspace(self) -> Path:
        """The folder of bronze, silver, quarantine and reports."""
        return (self.retail_workspace or self.retail_data_dir / "workspace").expanduser().absolute()

    @property
    def data_dir(self) -> Path:
        """The folder of the embedded Postgres."""
        return self.retail_data_dir.expanduser().absolute()


@dataclass(frozen=True)
class Resolved:
    """The settings of a run, and where each came from: parameter, a block, environment, .env, or default."""

    settings: Settings
    origins: Mapping[str, str]

    @cached_property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """Name in the environment, value with secrets masked, origin."""
        return tuple(
            (name.upper(), _shown(getattr(self.settings, name)), self.origins.get(name, "default"))
            for name in Settings.model_fields
        )


def resolve(
    parameters: Mapping[str, Any] | None = None, block: Mapping[str, Any] | None = None, block_name: str = ""
) -> Resolved:
    """The settings with their origins; ``parameters`` beat those of a ``block``, and these the environment.

    Both are by field name; None means not given. Raises SettingsError for a name that is unknown and for a
    value that cannot be read, without quoting one that may be secret.
    """
    _refuse_unknown(os.environ, "the environment")
    _refuse_unknown(dotenv_values(ENV_FILE), ENV_FILE)
    layers = [
        (ENV_FILE, DotEnvSettingsSource(Settings, env_file=ENV_FILE)()),
        ("environment", EnvSettingsSource(Settings)()),
        (f"block {block_name}", _given(block)),
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
        raise _refusal(error, origins) from None
    _check_channels(settings)
    return Resolved(settings, origins)


def read() -> Settings:
    """The settings of the environment. Raises SettingsError, see ``resolve``."""
    return resolve().settings


def execution_seconds() -> float:
    """The time limit of a run in seconds; the default if the settings are wrong, which the run then says."""
    try:
        return read().pipeline_execution_timeout_hours * 3600
    except SettingsError:
        return float(Settings.model_fields["pipeline_execution_timeout_hours"].default) * 3600


def _given(layer: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (layer or {}).items() if value is not None}


def _refuse_unknown(variables: Iterable[str], where: str) -> None:
    """Raise SettingsError for a name that begins like ours and that nobody knows."""
    known = {name.upper() for name in Settings.model_fields}
    for name in variables:
        if name.upper().startswith(_OURS) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            advice = f"Did you mean {near[0]}?" if near else "retail settings lists those there are."
            raise SettingsError(
                f"{name}: {where} sets it, but there is no such setting. {advice}", setting=name
            )


def _refusal(error: ValidationError, origins: Mapping[str, str]) -> SettingsError:
    first = error.errors(include_url=False, include_context=False)[0]
    field = str(first["loc"][0])
    annotation = (
        str(Settings.model_fields[field].annotation) if field in Settings.model_fields else "SecretStr"
    )
    quoted = "" if "Secret" in annotation else f" {first['input']!r}"
    what = first["msg"].removeprefix("Value error, ").rstrip(".")
    origin = origins.get(field, "default")
    # A parameter has the setting's name without the word for where it belongs.
    name = field.partition("_")[2] if origin == "parameter" else field.upper()
    return SettingsError(f"{name}{quoted} (from {origin}): {what[:1].lower()}{what[1:]}.", setting=name)


def _check_channels(settings: Settings) -> None:
    """Raise SettingsError for a channel that is switched on without what it needs."""
    if settings.pipeline_slack_notifications and settings.pipeline_slack_webhook_url is None:
        raise SettingsError(
            "PIPELINE_SLACK_NOTIFICATIONS is on without PIPELINE_SLACK_WEBHOOK_URL: set the channel's webhook.",
            setting="PIPELINE_SLACK_WEBHOOK_URL",
        )
    if settings.pipeline_email_alerts and not settings.pipeline_email_recipients:
        raise SettingsError(
            "PIPELINE_EMAIL_ALERTS is on without PIPELINE_EMAIL_RECIPIENTS: name who gets them.",
            setting="PIPELINE_EMAIL_RECIPIENTS",
        )
    if settings.pipeline_email_alerts and not settings.pipeline_smtp_host:
        raise SettingsError(
            "PIPELINE_EMAIL_ALERTS is on without PIPELINE_SMTP_HOST: name the mail server.",
            setting="PIPELINE_SMTP_HOST",
        )


def _shown(value: Any) -> str:
    """A value as text, secrets masked."""
    if value is None or value in ((), {}, ""):
        return ""
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, tuple):
        return ",".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return ",".join(f"{name}={number:g}" for name, number in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
