"""The settings: names, types, defaults and descriptions. ``blocks.settings_sources`` reads them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from blocks.names import NOT_A_BLOCK_NAME, is_block_name
from tasks.alerts.kinds import Severity
from tasks.errors import SettingsError
from tasks.ingest.limits import DEFAULT_LIMITS, DEFAULT_QUARANTINE_BYTES
from tasks.postgres.embedded.server import default_data_dir
from tasks.validate.score import DEFAULT_THRESHOLD, DIMENSIONS, overall

_SCHEDULES = {"hourly": "17 * * * *", "daily": "30 2 * * *", "weekly": "30 2 * * 0"}
# Minute, hour, day of the month, month, day of the week.
_CRON_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def _split(value: Any) -> Any:
    """Split comma-separated text."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _weights(value: Any) -> Any:
    """Parse ``completeness=2,uniqueness=0.5`` into weights by quality dimension."""
    if isinstance(value, str):
        try:
            pairs = [item.split("=") for item in value.split(",") if item.strip()]
            value = {name.strip(): float(number) for name, number in pairs}
        except ValueError:
            raise ValueError("is not of the form completeness=2,uniqueness=0.5") from None
    try:
        overall(dict.fromkeys(DIMENSIONS, 100.0), value)
    except SettingsError as error:
        raise ValueError(error.message) from None
    return value


def _block_name(value: str) -> str:
    if value and not is_block_name(value):
        raise ValueError(f"is {NOT_A_BLOCK_NAME}")
    return value


def _schedule(value: str) -> str:
    """Turn hourly, daily or weekly into a cron expression; check any other as one."""
    cron = _SCHEDULES.get(value.strip().lower(), value.strip())
    fields = cron.split()
    if len(fields) != 5 or not all(map(_is_cron_field, fields, _CRON_LIMITS)):
        raise ValueError(f"is neither {', '.join(_SCHEDULES)} nor a cron expression with five fields")
    return cron


def _is_cron_field(text: str, limits: tuple[int, int]) -> bool:
    """Whether the text is ``*``, numbers, ranges or lists of them, with optional steps; names for months and days."""
    for part in text.split(","):
        numbers, _, step = part.partition("/")
        if step and not (step.isdecimal() and int(step) > 0):
            return False
        for number in [] if numbers == "*" else numbers.split("-", 1):
            named = limits[1] in {12, 7} and re.fullmatch("[A-Za-z]{3}", number)
            if not named and not (number.isdecimal() and limits[0] <= int(number) <= limits[1]):
                return False
    return True


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
Weights = Annotated[dict[str, float], NoDecode, BeforeValidator(_weights)]
BlockName = Annotated[str, AfterValidator(_block_name)]
Cron = Annotated[str, AfterValidator(_schedule)]


class Settings(BaseSettings):
    """All settings. The environment variable is the field's name in upper case."""

    model_config = SettingsConfigDict(
        env_file=None,
        case_sensitive=False,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    database_url: SecretStr | None = Field(
        None, description="URL of the warehouse; unset: the embedded Postgres."
    )
    retail_warehouse: BlockName = Field(
        "", description="Name of a SupabaseWarehouse block; overrides DATABASE_URL."
    )
    retail_connect_seconds: float = Field(
        60.0, gt=0, le=3600, description="Time limit for all attempts to connect, in seconds."
    )
    retail_statement_timeout_minutes: float = Field(
        30.0, gt=0, le=1440, description="Time limit of a statement of a load, in minutes."
    )
    retail_load_lock_timeout_minutes: float = Field(
        60.0, gt=0, le=1440, description="Longest wait for another load of the same warehouse."
    )
    retail_pool_size: int | None = Field(
        None, ge=1, le=100, description="Connections kept open (10; 5 on a shared pooler)."
    )
    retail_pool_overflow: int | None = Field(
        None, ge=0, le=100, description="Additional connections at peak (20; 5 on a shared pooler)."
    )
    retail_analyst_roles: Names = Field((), description="Database roles that may read retail_dwh.")

    retail_data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder for the embedded Postgres and the workspace."
    )
    retail_workspace: Path | None = Field(
        None, description="Folder for bronze, silver, quarantine and reports."
    )
    retail_follow_links: bool = Field(
        True,
        description="Follow links that lead out of a source folder. Off: they are passed over and named.",
    )
    retail_retention_days: float = Field(
        7.0,
        gt=0,
        allow_inf_nan=False,
        description="Days after which unused bronze and silver files are deleted.",
    )
    retail_quality_weights: Weights = Field(
        default_factory=dict,
        description="Weights of the quality dimensions, such as completeness=2 (default: 1 each).",
    )

    retail_max_value_kb: int = Field(
        DEFAULT_LIMITS.value_bytes // 1024,
        ge=1,
        le=16_384,
        description="A line with a longer value goes to the quarantine, as an excerpt.",
    )
    retail_max_line_kb: int = Field(
        DEFAULT_LIMITS.line_bytes // 1024,
        ge=64,
        le=16_384,
        description="A longer line goes to the quarantine, as an excerpt.",
    )
    retail_max_delivery_gb: float = Field(
        DEFAULT_LIMITS.delivery_bytes / 1024**3,
        gt=0,
        le=10_000,
        description="A delivery that is larger, on disk or decoded, fails.",
    )
    retail_max_delivery_lines: int = Field(
        DEFAULT_LIMITS.delivery_lines,
        ge=1,
        le=2_000_000_000,
        description="A delivery with more lines fails.",
    )
    retail_max_quarantine_mb: int = Field(
        DEFAULT_QUARANTINE_BYTES // 1024**2,
        ge=1,
        le=16_384,
        description="A delivery with more quarantined text fails.",
    )

    pipeline_default_retries: int = Field(
        3, ge=0, le=20, description="Retries of a task after a transient error."
    )
    pipeline_retry_delay_minutes: float = Field(
        5.0,
        ge=0,
        le=1440,
        description="Delay before the first retry, in minutes; doubles each time. In seconds on the command line.",
    )
    pipeline_execution_timeout_hours: float = Field(
        2.0, gt=0, le=168, description="Time limit of a run, in hours."
    )
    pipeline_quality_threshold: float = Field(
        DEFAULT_THRESHOLD,
        ge=0,
        le=100,
        description="Minimum quality score of a delivery in per cent; lower ones are rejected.",
    )
    pipeline_quarantine_share: float = Field(
        5.0,
        ge=0,
        le=100,
        description="Percentage of quarantined lines in a run above which an alert is sent.",
    )

    retail_alerts: BlockName = Field(
        "", description="Name of an Alerts block; overrides the alert settings below."
    )
    pipeline_slack_notifications: bool = Field(False, description="Send alerts to Slack.")
    pipeline_slack_webhook_url: SecretStr | None = Field(
        None, description="URL of the Slack channel's incoming webhook."
    )
    pipeline_slack_minimum: Severity = Field("warning", description="Lowest severity sent to Slack.")
    pipeline_email_alerts: bool = Field(False, description="Send alerts by e-mail.")
    pipeline_email_recipients: Names = Field((), description="E-mail addresses, separated by commas.")
    pipeline_email_sender: str = Field(
        "", description="From address; unset: the SMTP user if it is an address, else the first recipient."
    )
    pipeline_email_minimum: Severity = Field("error", description="Lowest severity sent by e-mail.")
    pipeline_smtp_host: str = Field("", description="Host of the mail server.")
    pipeline_smtp_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of the mail server; unset: 465, 587 or 25, by the encryption.",
    )
    pipeline_smtp_security: Literal["SSL", "STARTTLS", "INSECURE"] = Field(
        "STARTTLS", description="Encryption of the mail server."
    )
    pipeline_smtp_user: str = Field("", description="User for the mail server, if it requires a log-in.")
    pipeline_smtp_password: SecretStr | None = Field(None, description="Password of PIPELINE_SMTP_USER.")
    pipeline_pager_urls: Secrets = Field(
        (), description="Apprise URLs, such as pagerduty://KEY@TOKEN, separated by commas."
    )
    pipeline_pager_minimum: Severity = Field("critical", description="Lowest severity sent to the pager.")
    pipeline_alert_quiet_minutes: float = Field(
        60.0, ge=0, le=10080, description="Minutes before an alert for the same cause is sent again."
    )

    supabase_backup_enabled: bool = Field(
        False, description="Schedule the backup deployments (not available yet)."
    )
    supabase_backup_schedule: Cron = Field(
        "daily", description="Schedule of backups: hourly, daily, weekly, or a cron expression (UTC)."
    )
    supabase_monitoring_enabled: bool = Field(
        False, description="Schedule the deployments that monitor the warehouse."
    )

    @property
    def workspace(self) -> Path:
        """Absolute path of the folder for bronze, silver, quarantine and reports."""
        return (self.retail_workspace or self.retail_data_dir / "workspace").expanduser().absolute()

    @property
    def data_dir(self) -> Path:
        """Absolute path of the folder for the embedded Postgres."""
        return self.retail_data_dir.expanduser().absolute()
