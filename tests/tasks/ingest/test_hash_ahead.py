"""Deliveries are hashed while a run waits for its warehouse; a hash counts only for the file as it was."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tasks.ingest.discover import discover
from tasks.ingest.hash_ahead import HashAhead
from tasks.ingest.limits import DEFAULT_LIMITS


def _ahead(folder: Path) -> HashAhead:
    return HashAhead([str(folder)], None, DEFAULT_LIMITS, follow_links=True)


def test_the_hash_of_a_file_that_changed_since_is_of_no_use(tmp_path: Path) -> None:
    for name in ("kept", "changed"):
        (tmp_path / f"{name}.csv").write_text(f"{name}\n")
    ahead = _ahead(tmp_path)
    ahead.run()
    os.utime(tmp_path / "changed.csv", ns=(1, 1))
    hashes = ahead.take()
    kept, changed = sorted(discover([str(tmp_path)]).deliveries, key=lambda delivery: delivery.name)[::-1]
    assert hashes.get(kept) == hashlib.sha256(b"kept\n").hexdigest()
    assert changed not in hashes
    assert ahead.count() == 2


def test_a_run_that_need_not_wait_is_not_kept_waiting(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n")
    ahead = _ahead(tmp_path)
    assert ahead.take() == {}
    ahead.run()
    assert (ahead.take(), ahead.count()) == ({}, 0)


def test_files_that_cannot_be_read_are_left_to_the_run(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n")
    (tmp_path / "empty.csv").touch()
    ahead = _ahead(tmp_path)
    ahead.run()
    assert [delivery.size for delivery in ahead.take()] == [2]
    assert ahead.count() == 0
    missing = _ahead(tmp_path / "nowhere")
    missing.run()
    assert missing.take() == {}
