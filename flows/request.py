"""The parameters of a run, checked before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from blocks.settings_sources import Resolved, Settings
from flows.demo import BUNDLED
from tasks.errors import SettingsError
from tasks.ingest.bronze import READER_VERSION
from tasks.retries import RetryPolicy
from tasks.validate import contract
from tasks.validate.score import check_threshold
from tasks.warehouse.ledger import resolve_feed_settings


@dataclass(frozen=True)
class EtlRequest:
    """What a run was asked to do. ``parameters`` is what is recorded; it holds no secret."""

    sources: tuple[str, ...]
    feed: str
    root: str | None
    timezone: str | None
    currency: str | None
    date_format: str | None
    identical_lines: str | None
    quality_checks: bool
    load: bool
    external_enrichment: bool
    replace: bool
    warehouse: str
    alerts: str
    resolved: Resolved

    def check(self) -> None:
        """Raise SettingsError for the first parameter that cannot be."""
        check_threshold(self.quality_threshold)
        resolve_feed_settings(
            None, self.feed, self.timezone, self.currency, self.date_format, self.identical_lines
        )
        if self.external_enrichment:
            raise SettingsError(
                "external_enrichment: enrichment from external sources is not there yet; leave it off.",
                setting="external_enrichment",
            )
        if self.warehouse and not self.load:
            raise SettingsError(
                "warehouse: with load off no warehouse is used; leave it empty.", setting="warehouse"
            )

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self.resolved.settings

    @property
    def quality_threshold(self) -> float:
        """Percentage below which a delivery is refused."""
        return self.settings.pipeline_quality_threshold

    @property
    def quality_weights(self) -> Mapping[str, float]:
        """Weights of the quality dimensions, as far as they are set."""
        return self.settings.retail_quality_weights

    @property
    def workspace(self) -> Path:
        """The folder of bronze, silver, quarantine and reports."""
        return self.settings.workspace

    @property
    def retry(self) -> RetryPolicy:
        """How steps are tried again."""
        return RetryPolicy(
            self.settings.pipeline_default_retries, self.settings.pipeline_retry_delay_minutes * 60
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """The sources, or the bundled data if none were given."""
        return self.sources or (str(BUNDLED),)

    def parameters(self) -> dict[str, Any]:
        """The parameters as JSON values, for the ledger and the report."""
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "resolved"}
        return given | {
            "quality_threshold": self.quality_threshold,
            "quality_weights": dict(self.quality_weights),
            "workspace": str(self.workspace),
            "retention_days": self.settings.retail_retention_days,
            "retries": self.retry.retries,
            "retry_delay_seconds": self.retry.delay_seconds,
        }


def versions() -> dict[str, str]:
    """Versions of what read, judged and loaded."""
    names = ("prefect-retail", "prefect", "polars", "pandera", "polars-hash", "pgpq", "asyncpg")
    found = {name: version(name) for name in names}
    return {**found, "contract": contract.VERSION, "reader": str(READER_VERSION)}
