"""TLS: how the server is checked, whose certificate it has, and how long certificates last."""

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
    """A server that speaks TLS only, and the authority that signs its certificate."""

    server: TcpServer
    authority: Authority
    folder: Path

    def settings(self, sslmode: str, ca: str | None = None, host: str = "localhost") -> ConnectionSettings:
        return self.server.settings(sslmode=sslmode, sslrootcert=ca, host=host, connect_seconds=2)

    def renew(self, days: float) -> None:
        """Give the server a certificate that lasts so many days."""
        self.authority.issue("localhost", self.folder / "server.crt", self.folder / "server.key", days)
        _hand_over(self.folder / "server.key")
        if self.server.process is not None:
            self.server.sql("select pg_reload_conf(), pg_sleep(0.3)")


def _hand_over(key: Path) -> None:
    runner = find_server_user()
    if runner.uid is not None and runner.gid is not None:
        os.chown(key, runner.uid, runner.gid)
    key.chmod(0o600)


@pytest.fixture(scope="module")
def tls() -> Iterator[Tls]:
    folder, authority = open_folder("retail-tls-"), Authority("Retail test CA", days=400)
    files = {"ssl_cert_file": str(folder / "server.crt"), "ssl_key_file": str(folder / "server.key")}
    authority.issue("localhost", folder / "server.crt", folder / "server.key", 400)
    _hand_over(folder / "server.key")
    hba = "local all all trust\nhostssl all all all scram-sha-256\n"
    with tcp_server(debian_binaries(), hba, ssl="on", **files) as server:
        authority.write(folder / "ca.crt")
        yield Tls(server, authority, folder)
    shutil.rmtree(folder)


async def test_a_server_that_is_who_it_says(tls: Tls) -> None:
    ca = str(tls.folder / "ca.crt")
    found = await examine_warehouse(tls.settings("verify-full", ca))
    assert [found[name].status for name in ("CA certificate", "connection", "encryption")] == [OK, OK, OK]
    assert found["encryption"].what.startswith("TLSv1.3, sslmode=verify-full")
    assert found["server certificate"].status is OK
    assert "Retail test CA" in found["server certificate"].what


async def test_one_that_is_believed_without_a_look(tls: Tls) -> None:
    # 0.0.0.0 leads to this machine, without being an address of it.
    found = await examine_warehouse(tls.settings("require", host="0.0.0.0"))
    assert found["connection"].status is OK
    assert found["encryption"].status is WARNING
    assert "verify-full" in found["encryption"].fix


async def test_a_strangers_certificate_is_refused_and_shown(tls: Tls, tmp_path: Path) -> None:
    other = Authority("Another CA", days=400).write(tmp_path / "other.crt")
    before = tls.server.log()
    found = await examine_warehouse(tls.settings("verify-full", str(other)))
    assert found["connection"].status is PROBLEM
    assert "does not verify" in found["connection"].what
    assert "Retail test CA" in found["server certificate"].what
    assert found["loads"].status is SKIPPED
    assert "authenticat" not in tls.server.log().removeprefix(before)


async def test_certificates_that_run_out(tls: Tls) -> None:
    ca = str(tls.folder / "ca.crt")
    try:
        tls.renew(5)
        found = await examine_warehouse(tls.settings("verify-full", ca))
        assert (found["server certificate"].status, found["connection"].status) == (WARNING, OK)
        assert "runs out on" in found["server certificate"].what
        tls.renew(-1)
        found = await examine_warehouse(tls.settings("verify-full", ca))
        assert (found["server certificate"].status, found["connection"].status) == (PROBLEM, PROBLEM)
        assert "ran out on" in found["server certificate"].what
        # Who does not look at it can still load.
        found = await examine_warehouse(tls.settings("require"))
        assert (found["server certificate"].status, found["connection"].status) == (WARNING, OK)
    finally:
        tls.renew(400)


@pytest.mark.parametrize(("days", "status"), [(400, OK), (5, WARNING), (-1, PROBLEM)])
async def test_a_ca_that_runs_out(tmp_path: Path, days: float, status: str) -> None:
    given = str(Authority("Old root", days=days).write(tmp_path / "ca.crt"))
    settings = ConnectionSettings("db.example.com", sslmode="verify-full", sslrootcert=given)
    (finding,) = await examine_ca(settings)
    assert finding.status is status
    # The old root of a bundle may run out: the new one is there.
    both = Path(given).read_text() + Authority("New root", days=400).write(tmp_path / "new.crt").read_text()
    (finding,) = await examine_ca(
        ConnectionSettings("db.example.com", sslmode="verify-full", sslrootcert=both)
    )
    assert finding.status is OK


async def test_a_ca_that_is_none_ends_it_there(tls: Tls, tmp_path: Path) -> None:
    before = tls.server.log()
    found = await examine_warehouse(tls.settings("verify-full", str(tmp_path / "missing.crt")))
    assert found["CA certificate"].status is PROBLEM
    assert "missing.crt cannot be read: No such file" in found["CA certificate"].what
    (tmp_path / "empty.crt").touch()
    found = by_check(await examine_ca(tls.settings("verify-full", str(tmp_path / "empty.crt"))))
    assert "no certificate in PEM form" in found["CA certificate"].what
    assert tls.server.log() == before


async def test_tls_that_the_server_does_not_speak(cluster: TcpServer) -> None:
    found = await examine_warehouse(cluster.settings(sslmode="require", host="localhost", connect_seconds=2))
    assert found["encryption"].status is PROBLEM
    assert "does not support TLS" in found["encryption"].what
    found = await examine_warehouse(cluster.settings(sslmode="prefer"))
    assert found["encryption"].status is OK
    assert "none" in found["encryption"].what
