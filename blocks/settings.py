"""The settings: names, types, defaults and descriptions. ``blocks.settings_sources`` reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from blocks import backup_settings, lineage_settings
from blocks.api_settings import ServingSettings
from blocks.backup_settings import BackupSettings
from blocks.cost_settings import CostSettings
from blocks.health_settings import HealthSettings
from blocks.lineage_settings import LineageSettings
from blocks.setting_types import BlockName, Names, Secrets, Weights
from tasks.alerts.kinds import Severity
from tasks.ingest.limits import DEFAULT_LIMITS, DEFAULT_QUARANTINE_BYTES
from tasks.postgres.embedded.server import default_data_dir
from tasks.validate.score import DEFAULT_THRESHOLD
from tasks.warehouse.health.finding import HealthThresholds, Limits
from tasks.warehouse.limits import DEFAULT_CUSTOM_SECONDS, DEFAULT_KEPT_LINES

# What to do about an invalid setting whose value is not quoted.
ADVICE = backup_settings.ADVICE | lineage_settings.ADVICE


class LoadSettings(BaseSettings):
    """The settings of loads, runs and alerts."""

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
    retail_keep_persons: bool = Field(
        False,
        description="Keep columns of persons in bronze, in the workspace; they are never stored in the warehouse.",
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

    retail_kept_lines: int = Field(
        DEFAULT_KEPT_LINES,
        ge=0,
        le=100_000,
        description="Faulty lines of a rejected delivery that the warehouse keeps; all are counted.",
    )

    retail_disk_mb: int | None = Field(
        None,
        ge=1,
        description="Disk of the database's plan in MB (Supabase, free: 500), to see when it is full, and to refuse an "
        "upgrade of the schema that would fill it.",
    )
    retail_integrity_checks: Path | None = Field(
        None, description="Folder with integrity checks of your own, one .sql file each."
    )
    retail_integrity_check_seconds: float = Field(
        DEFAULT_CUSTOM_SECONDS,
        gt=0,
        le=3600,
        description="Time limit of an integrity check of your own, in seconds.",
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

    supabase_monitoring_enabled: bool = Field(
        False, description="Schedule the deployments that monitor the warehouse."
    )


# The last base comes first in the documents.
class Settings(HealthSettings, ServingSettings, BackupSettings, CostSettings, LineageSettings, LoadSettings):
    """All settings. The environment variable is the field's name in upper case."""

    model_config = SettingsConfigDict(
        env_file=None,
        case_sensitive=False,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    @property
    def workspace(self) -> Path:
        """Absolute path of the folder for bronze, silver, quarantine and reports."""
        return (self.retail_workspace or self.retail_data_dir / "workspace").expanduser().absolute()

    @property
    def disk_bytes(self) -> int | None:
        """Size of the database's disk in bytes; None if it is not set."""
        return self.retail_disk_mb * 1_000_000 if self.retail_disk_mb else None

    @property
    def health_thresholds(self) -> HealthThresholds:
        """The thresholds of the warehouse's health."""
        limits = {
            name.removeprefix("retail_health_"): Limits(*getattr(self, name))
            for name in HealthSettings.model_fields
        }
        return HealthThresholds(
            **limits, disk_bytes=self.disk_bytes, is_backup_scheduled=self.supabase_backup_enabled
        )

    @property
    def data_dir(self) -> Path:
        """Absolute path of the folder for the embedded Postgres."""
        return self.retail_data_dir.expanduser().absolute()
