"""Open the sink of a target. Importing this module imports the OpenLineage client."""

from __future__ import annotations

from tasks.report.lineage.events import build_event
from tasks.report.lineage.sinks.atlas import AtlasSink
from tasks.report.lineage.sinks.file import FileSink
from tasks.report.lineage.sinks.http import HttpSink
from tasks.report.lineage.sinks.sink import LineageSink
from tasks.report.lineage.targets import AtlasTarget, FileTarget, HttpTarget

__all__ = ["build_event", "open_sink"]


def open_sink(target: HttpTarget | FileTarget | AtlasTarget) -> LineageSink:
    """The sink of a target; nothing is sent yet."""
    match target:
        case HttpTarget():
            return HttpSink(target)
        case FileTarget():
            return FileSink(target.path)
        case AtlasTarget():
            return AtlasSink(target)
