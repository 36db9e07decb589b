"""Every kind of file that discovery accepts has a reader."""

from typing import get_args

from tasks.ingest.file_kinds import Kind
from tasks.ingest.read_files import READERS


def test_every_kind_has_a_reader() -> None:
    assert set(READERS) == set(get_args(Kind))
    for reader in READERS.values():
        assert callable(reader.open_delivery)
        assert callable(reader.frames)
