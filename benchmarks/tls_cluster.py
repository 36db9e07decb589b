"""A cluster with TLS, as a hosted Postgres has it; the embedded Postgres is built without."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.server import PASSWORD
from tasks.postgres.embedded.binaries import find_server_user
from tasks.postgres.embedded.server import OWNER, SUPERUSER

_START_SECONDS = 60
_HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
# As the embedded Postgres.
_CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "ssl": "on",
}


def find_programs() -> Path:
    """Return the programs of the newest Postgres of the system.

    Raises:
        FileNotFoundError: there is none.
    """
    installed = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    folders = sorted((path.parent for path in installed), key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("postgres")
    if not folders and on_path is None:
        raise FileNotFoundError(
            "The link needs a Postgres with TLS, from a package of your system: name its programs with --postgres."
        )
    return folders[-1] if folders else Path(str(on_path)).resolve().parent


class TlsCluster:
    """A cluster on a socket in ``folder`` (anyone, also the superuser) and on TCP (the owner, with ``PASSWORD``)."""

    def __init__(self, folder: Path, programs: Path, port: int) -> None:
        """Describe the cluster: its new folder, the programs of Postgres, and its TCP port."""
        self._folder = folder
        self._programs = programs
        self._user = find_server_user()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    @property
    def socket_dir(self) -> Path:
        """Folder of the socket."""
        return self._folder / "socket"

    def psql(self) -> Path:
        """Path of the psql of the same release."""
        return self._programs / "psql"

    def start(self) -> None:
        """Create the cluster, start it, and create the owner."""
        self._folder.mkdir()
        self._folder.chmod(0o755)
        cluster = self._folder / "cluster"
        for folder in (cluster, self.socket_dir):
            self._user.make_private(folder)
        command = [str(self._programs / "initdb"), "-D", str(cluster), "-U", SUPERUSER, "--auth=trust"]
        self._user.run([*command, "--encoding=UTF8", "--locale=C.UTF-8"], "initdb", self._folder)
        (cluster / "pg_hba.conf").write_text(_HBA, encoding="utf-8")
        certificate, key = cluster / "server.crt", cluster / "server.key"
        _write_certificate(certificate, key)
        for path in (certificate, key):  # the server demands that its key is its own
            if self._user.uid is not None and self._user.gid is not None:
                os.chown(path, self._user.uid, self._user.gid)
        configuration = {
            **_CONFIGURATION,
            "port": str(self.port),
            "unix_socket_directories": str(self.socket_dir),
        }
        options = [part for name, value in configuration.items() for part in ("-c", f"{name}={value}")]
        with open(self._folder / "log", "ab") as log:
            self._process = self._user.spawn(
                [str(self._programs / "postgres"), "-D", str(cluster), *options], log
            )
        self._wait_until_ready()
        self._create_owner()

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_START_SECONDS)
            self._process = None

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        command = [str(self._programs / "pg_isready"), "-q", "-h", str(self.socket_dir), "-p", str(self.port)]
        while self._user.call(command).returncode != 0:
            if time.monotonic() > deadline or (self._process and self._process.poll() is not None):
                raise RuntimeError(
                    (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-1500:]
                )
            time.sleep(0.05)

    def _create_owner(self) -> None:
        command = [str(self.psql()), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", "postgres"]
        command += ["-h", str(self.socket_dir), "-p", str(self.port), "-U", SUPERUSER]
        script = f"create role {OWNER} login createdb createrole password '{PASSWORD}'"
        completed = self._user.call(command, script)
        if completed.returncode != 0:
            raise RuntimeError(completed.stderr)


def _write_certificate(certificate: Path, key: Path) -> None:
    """Write a self-signed certificate, which clients with ``sslmode=require`` accept, and its key."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .sign(private_key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    key.chmod(0o600)
