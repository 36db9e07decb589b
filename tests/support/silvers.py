"""Silver of some files, for tests that call ``load`` by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import Silver, validate
from tests.support.plain_run import AS_OF


def silver_of(sources: Sequence[Path], workspace: Path) -> Silver:
    """Read and judge all ``sources`` as one batch of the default feed."""
    found = discover([str(source) for source in sources])
    read = ingest(found.deliveries, {}, workspace)
    assert read.bronze is not None
    return validate(read.bronze, ValidationSettings(FeedSettings(), AS_OF), workspace)
