"""OpenLineage into a file, one event a line: for tests, archives, and systems that read files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from openlineage.client.transport.file import FileConfig, FileTransport

from tasks.report.lineage.sinks.sink import LineageNotDelivered
from tasks.report.lineage.targets import FileTarget

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent


class FileSink:
    """A file that events are appended to, readable by its owner only."""

    name = FileTarget.name

    def __init__(self, path: Path) -> None:
        self._path = path
        self._transport = FileTransport(FileConfig(log_file_path=str(path), append=True))

    def send(self, event: RunEvent) -> None:
        """Append the event, see ``LineageSink.send``."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # A pipe would block until somebody reads it.
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK, 0o600))
            self._transport.emit(event)
        except (OSError, RuntimeError) as error:
            cause = error.__cause__ if isinstance(error, RuntimeError) else error
            reason = cause.strerror if isinstance(cause, OSError) else type(error).__name__
            raise LineageNotDelivered(
                f"{self._path} cannot be written ({reason}).", "Check RETAIL_LINEAGE_FILE.", sink=self.name
            ) from None

    def close(self) -> None:
        """Nothing is open between events."""
