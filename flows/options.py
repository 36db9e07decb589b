"""The parameters of a run, checked before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from blocks import environment
from flows.demo import BUNDLED
from tasks.errors import SettingsError
from tasks.ingest.bronze import READER_VERSION
from tasks.validate import contract
from tasks.validate.score import check_threshold
from tasks.warehouse.ledger import settle_feed


@dataclass(frozen=True)
class Options:
    """What a run was asked to do. ``parameters`` is what is recorded; it holds no secret."""

    sources: tuple[str, ...]
    feed: str
    root: str | None
    timezone: str | None
    currency: str | None
    date_format: str | None
    identical_lines: str | None
    quality_checks: bool
    quality_threshold: float
    load: bool
    external_enrichment: bool
    replace: bool
    warehouse: str
    quality_weights: Mapping[str, float] = field(default_factory=environment.quality_weights)
    workspace: Path = field(default_factory=environment.workspace)
    retention_days: float = field(default_factory=environment.retention_days)

    def check(self) -> None:
        """Raise SettingsError for the first parameter that cannot be."""
        check_threshold(self.quality_threshold)
        settle_feed(None, self.feed, self.timezone, self.currency, self.date_format, self.identical_lines)
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
    def paths(self) -> tuple[str, ...]:
        """The sources, or the bundled data if none were given."""
        return self.sources or (str(BUNDLED),)

    def parameters(self) -> dict[str, Any]:
        """The parameters as JSON values, for the ledger and the report."""
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()
        }


def versions() -> dict[str, str]:
    """Versions of what read, judged and loaded."""
    names = ("prefect-retail", "prefect", "polars", "pandera", "polars-hash", "pgpq", "asyncpg")
    found = {name: version(name) for name in names}
    return {**found, "contract": contract.VERSION, "reader": str(READER_VERSION)}
