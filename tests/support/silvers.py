"""Silver of some files, for tests that call ``load`` directly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import Silver, validate
from tests.support.plain_run import AS_OF


def silver_of(sources: Sequence[Path], workspace: Path) -> Silver:
    """Ingest and validate all ``sources`` as one batch of the default feed."""
    discovery = discover([str(source) for source in sources])
    ingested = ingest(discovery.deliveries, {}, workspace)
    assert ingested.bronze is not None
    return validate(ingested.bronze, ValidationSettings(FeedSettings(), AS_OF), workspace)
