"""A request whose open values are filled from the settings: what the run works with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import SkipValidation

from blocks.lookup import EMBEDDED, warehouse_block_name
from blocks.settings_sources import Resolved, Settings, resolve
from flows.request import FEED_SETTINGS, EtlRequest
from tasks.errors import SettingsError
from tasks.ingest.bronze import READER_VERSION
from tasks.ingest.limits import ReadLimits
from tasks.ingest.mapping.asked import asked_mapping
from tasks.ingest.mapping.content import reading_settings
from tasks.outside_text import mask_secrets_in
from tasks.retries import RetryPolicy
from tasks.validate import contract
from tasks.validate.score import check_threshold
from tasks.warehouse.feed_settings import Taken, resolve_feed_settings
from tasks.workspace.integrity import check_workspace
from tasks.workspace.outputs import checked_workspace

# Text that is null in the ledger and the report when it is not given.
_NULL_IF_EMPTY = ("root", *FEED_SETTINGS, "vanished")
# Parameters that are recorded only where they are given.
_ONLY_IF_GIVEN = ("mapping", "preset", "columns", "constants", "take_mapping", "take_columns")


class RunRequest(EtlRequest):
    """A request with its threshold and retries filled in, and the settings of the run."""

    quality_threshold: float
    retries: int
    retry_delay_seconds: float
    resolved: SkipValidation[Resolved]

    @classmethod
    def of(cls, request: EtlRequest) -> RunRequest:
        """Fill in what the request leaves open. Raises SettingsError for a setting that cannot be read."""
        delay = request.retry_delay_seconds
        resolved = resolve(
            {
                "pipeline_quality_threshold": request.quality_threshold,
                "pipeline_default_retries": request.retries,
                "pipeline_retry_delay_minutes": None if delay is None else delay / 60,
            }
        )
        filled = {
            "quality_threshold": resolved.settings.pipeline_quality_threshold,
            "retries": resolved.settings.pipeline_default_retries,
            "retry_delay_seconds": resolved.settings.pipeline_retry_delay_minutes * 60,
        }
        return cls(**(dict(request) | filled), resolved=resolved)

    def ensure_valid(self, *, sources_needed: bool = True, runs_elsewhere: bool = False) -> None:
        """Raise SettingsError for the first parameter that is wrong or refused, and an untrusted workspace.

        Args:
            sources_needed: Off where a deployment may have sources of its own.
            runs_elsewhere: The run is another machine's, whose file with the mapping cannot be looked at.
        """
        check_threshold(self.quality_threshold)
        path = "" if runs_elsewhere else self.mapping
        mapping = asked_mapping(path, self.columns, self.constants, self.preset)
        resolve_feed_settings(None, self.feed, self.feed_settings() | {"mapping": mapping})
        if self.take_mapping and not (self.mapping or mapping):
            raise SettingsError(
                "take_mapping: no mapping is given.",
                "Name it with --mapping or --preset, or its columns with --column.",
                setting="take_mapping",
            )
        if not 0 <= self.settle_seconds < math.inf:
            raise SettingsError(
                f"settle_seconds: {self.settle_seconds} is no number of seconds.",
                "Use 0 or more.",
                setting="settle_seconds",
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
        if sources_needed:
            self.ensure_sources()
        with checked_workspace(self.workspace):
            check_workspace(self.workspace)

    @cached_property
    def asked_settings(self) -> dict[str, str]:
        """The settings of the feed that the run asks for, by name, with the content of the mapping.

        Raises SettingsError for a mapping that cannot be read.
        """
        return self.feed_settings() | {
            "mapping": asked_mapping(self.mapping, self.columns, self.constants, self.preset)
        }

    @property
    def taken(self) -> Taken:
        """What the run takes in place of what the feed has."""
        mapping = reading_settings(self.asked_settings["mapping"]) if self.take_mapping else None
        return Taken(mapping, self.take_columns)

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self.resolved.settings

    @property
    def quality_weights(self) -> Mapping[str, float]:
        """Weights of the quality dimensions, as far as they are set."""
        return self.settings.retail_quality_weights

    @property
    def workspace(self) -> Path:
        """The folder of bronze, silver, quarantine and reports."""
        return self.settings.workspace

    @property
    def read_limits(self) -> ReadLimits:
        """Limits of reading a delivery."""
        settings = self.settings
        return ReadLimits(
            value_bytes=settings.retail_max_value_kb * 1024,
            line_bytes=settings.retail_max_line_kb * 1024,
            delivery_bytes=int(settings.retail_max_delivery_gb * 1024**3),
            delivery_lines=settings.retail_max_delivery_lines,
        )

    @property
    def quarantine_bytes(self) -> int:
        """Bytes of quarantined lines to keep of a delivery."""
        return self.settings.retail_max_quarantine_mb * 1024**2

    def setting_sources(self) -> dict[str, str]:
        """Where each setting comes from that is not the default: a file's path, environment, block or parameter."""
        sources = self.resolved.sources
        if self.alerts:
            sources["RETAIL_ALERTS"] = "parameter"
        if self.warehouse:
            sources["RETAIL_WAREHOUSE"] = "parameter"
        block = self.warehouse or warehouse_block_name(self.resolved)
        if block and self.load:
            sources.pop("DATABASE_URL", None)
        if block not in {"", EMBEDDED} and self.load:
            sources["DATABASE_URL"] = f"block supabase-warehouse/{block}"
        return sources

    @property
    def retry(self) -> RetryPolicy:
        """How steps are retried."""
        return RetryPolicy(self.retries, self.retry_delay_seconds)

    @property
    def paths(self) -> tuple[str, ...]:
        """The sources."""
        return tuple(self.sources)

    def recorded_parameters(self) -> dict[str, Any]:
        """The parameters as JSON values for the ledger and the report; what looks like a secret is masked."""
        without = {"resolved", *(name for name in _ONLY_IF_GIVEN if not getattr(self, name))}
        given: dict[str, Any] = self.model_dump(mode="json", exclude=without)
        recorded: dict[str, Any] = mask_secrets_in(
            given
            | {name: given[name] or None for name in _NULL_IF_EMPTY}
            | {
                "quality_weights": dict(self.quality_weights),
                "workspace": str(self.workspace),
                "retention_days": self.settings.retail_retention_days,
            }
        )
        return recorded


def versions() -> dict[str, str]:
    """Versions of what reads, validates and loads."""
    names = ("prefect-retail", "prefect", "polars", "pandera", "polars-hash", "pgpq", "asyncpg")
    found = {name: version(name) for name in names}
    return {**found, "contract": contract.VERSION, "reader": str(READER_VERSION)}
