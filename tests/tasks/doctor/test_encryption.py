"""TLS: how the server is verified, who issued its certificate, and when certificates expire."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.doctor.tls import examine_ca
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.binaries import find_server_user
from tests.conftest import open_folder
from tests.support.certificates import Authority
from tests.support.examination import OK, PROBLEM, SKIPPED, WARNING, by_check, examine_warehouse
from tests.support.servers import TcpServer, debian_binaries, tcp_server


@dataclass(frozen=True)
class Tls:
    """A server that accepts TLS only, and the authority that signs its certificate."""

    server: TcpServer
    authority: Authority
    folder: Path

    def settings(self, sslmode: str, ca: str | None = None, host: str = "localhost") -> ConnectionSettings:
        return self.server.settings(sslmode=sslmode, sslrootcert=ca, host=host, connect_seconds=2)

    def renew(self, days: float) -> None:
        """Give the server a certificate that is valid for so many days."""
        self.authority.issue("localhost", self.folder / "server.crt", self.folder / "server.key", days)
        _chown_to_server(self.folder / "server.key")
        if self.server.process is not None:
            self.server.sql("select pg_reload_conf(), pg_sleep(0.3)")


def _chown_to_server(key: Path) -> None:
    runner = find_server_user()
    if runner.uid is not None and runner.gid is not None:
        os.chown(key, runner.uid, runner.gid)
    key.chmod(0o600)


@pytest.fixture(scope="module")
def tls() -> Iterator[Tls]:
    folder, authority = open_folder("retail-tls-"), Authority("Retail test CA", days=400)
    files = {"ssl_cert_file": str(folder / "server.crt"), "ssl_key_file": str(folder / "server.key")}
    authority.issue("localhost", folder / "server.crt", folder / "server.key", 400)
    _chown_to_server(folder / "server.key")
    hba = "local all all trust\nhostssl all all all scram-sha-256\n"
    with tcp_server(debian_binaries(), hba, ssl="on", **files) as server:
        authority.write(folder / "ca.crt")
        yield Tls(server, authority, folder)
    shutil.rmtree(folder)


async def test_verified_server(tls: Tls) -> None:
    ca = str(tls.folder / "ca.crt")
    findings = await examine_warehouse(tls.settings("verify-full", ca))
    assert [findings[name].status for name in ("CA certificate", "connection", "encryption")] == [OK, OK, OK]
    assert findings["encryption"].what.startswith("TLSv1.3, sslmode=verify-full")
    assert findings["server certificate"].status is OK
    assert "Retail test CA" in findings["server certificate"].what


async def test_certificate_is_seen_without_a_connection_of_its_own(tls: Tls) -> None:
    before = tls.server.log()
    findings = await examine_warehouse(tls.settings("verify-full", str(tls.folder / "ca.crt")))
    assert findings["server certificate"].status is OK
    assert tls.server.log().removeprefix(before).count("connection received") == 2


async def test_unverified_server_is_a_warning(tls: Tls) -> None:
    # 0.0.0.0 connects to this machine, but is not a loopback address.
    findings = await examine_warehouse(tls.settings("require", host="0.0.0.0"))
    assert findings["connection"].status is OK
    assert findings["encryption"].status is WARNING
    assert "verify-full" in findings["encryption"].fix


async def test_certificate_of_another_authority_is_shown_and_no_password_is_sent(
    tls: Tls, tmp_path: Path
) -> None:
    other = Authority("Another CA", days=400).write(tmp_path / "other.crt")
    before = tls.server.log()
    findings = await examine_warehouse(tls.settings("verify-full", str(other)))
    assert findings["connection"].status is PROBLEM
    assert "does not verify" in findings["connection"].what
    assert "Retail test CA" in findings["server certificate"].what
    assert findings["loads"].status is SKIPPED
    assert "authenticat" not in tls.server.log().removeprefix(before)


async def test_expiring_server_certificate(tls: Tls) -> None:
    ca = str(tls.folder / "ca.crt")
    try:
        tls.renew(5)
        findings = await examine_warehouse(tls.settings("verify-full", ca))
        assert (findings["server certificate"].status, findings["connection"].status) == (WARNING, OK)
        assert "expires on" in findings["server certificate"].what
        tls.renew(-1)
        findings = await examine_warehouse(tls.settings("verify-full", ca))
        assert (findings["server certificate"].status, findings["connection"].status) == (PROBLEM, PROBLEM)
        assert "expired on" in findings["server certificate"].what
        # Without verification loads still work.
        findings = await examine_warehouse(tls.settings("require"))
        assert (findings["server certificate"].status, findings["connection"].status) == (WARNING, OK)
    finally:
        tls.renew(400)


@pytest.mark.parametrize(("days", "status"), [(400, OK), (5, WARNING), (-1, PROBLEM)])
async def test_expiring_ca_certificate(tmp_path: Path, days: float, status: str) -> None:
    root = str(Authority("Old root", days=days).write(tmp_path / "ca.crt"))
    settings = ConnectionSettings("db.example.com", sslmode="verify-full", sslrootcert=root)
    (finding,) = await examine_ca(settings)
    assert finding.status is status
    # The old root in a bundle may expire if a new one is valid.
    both = Path(root).read_text() + Authority("New root", days=400).write(tmp_path / "new.crt").read_text()
    (finding,) = await examine_ca(
        ConnectionSettings("db.example.com", sslmode="verify-full", sslrootcert=both)
    )
    assert finding.status is OK


async def test_unreadable_ca_certificate_stops_before_connecting(tls: Tls, tmp_path: Path) -> None:
    before = tls.server.log()
    findings = await examine_warehouse(tls.settings("verify-full", str(tmp_path / "missing.crt")))
    assert findings["CA certificate"].status is PROBLEM
    assert "missing.crt cannot be read: No such file" in findings["CA certificate"].what
    (tmp_path / "empty.crt").touch()
    findings = by_check(await examine_ca(tls.settings("verify-full", str(tmp_path / "empty.crt"))))
    assert "no certificate in PEM format" in findings["CA certificate"].what
    assert tls.server.log() == before


async def test_server_without_tls(cluster: TcpServer) -> None:
    findings = await examine_warehouse(
        cluster.settings(sslmode="require", host="localhost", connect_seconds=2)
    )
    assert findings["encryption"].status is PROBLEM
    assert "does not support TLS" in findings["encryption"].what
    findings = await examine_warehouse(cluster.settings(sslmode="prefer"))
    assert findings["encryption"].status is OK
    assert "none" in findings["encryption"].what
