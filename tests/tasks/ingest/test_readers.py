"""Every suffix that discovery accepts has a reader."""

from tasks.ingest.bronze import READERS
from tasks.ingest.discover import SUFFIXES


def test_every_suffix_has_a_reader() -> None:
    assert set(READERS) == set(SUFFIXES)
    for reader in READERS.values():
        assert callable(reader.open_delivery)
        assert callable(reader.frames)
