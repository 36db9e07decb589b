"""A vault on a real S3 server: whole objects or none over broken and slow links, in flat memory."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import boto3
import pytest
from botocore.config import Config

from benchmarks.link import Link
from tasks.backup.vault.open import VaultSettings, open_vault
from tasks.backup.vault.s3_clients import PART_BYTES
from tasks.backup.vault.store import Vault
from tasks.errors import VaultError, VaultUnreachable
from tests.support.s3_server import BUCKET, Cut, S3Server, cutting_proxy, s3_server
from tests.tasks.backup.vaults import VaultBehaviour, fail_to_write, read, write

MB = 1_048_576
_prefixes = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def settings(server: S3Server) -> VaultSettings:
    return server.settings(f"team/retail-{next(_prefixes)}")


@pytest.fixture
def vault(settings: VaultSettings) -> Vault:
    return open_vault(settings)


class TestS3Vault(VaultBehaviour):
    """The behaviour of every vault."""


def over(settings: VaultSettings, port: int) -> Vault:
    return open_vault(replace(settings, endpoint=f"http://127.0.0.1:{port}"))


def write_megabytes(vault: Vault, number: int) -> None:
    with vault.writer("b1/0000.dump.age") as file:
        for index in range(number):
            file.write(bytes([index]) * MB)


@pytest.mark.parametrize("after", [5 * MB, 20 * MB, 45 * MB])
def test_cut_in_mid_part_is_retried(
    server: S3Server, settings: VaultSettings, vault: Vault, after: int
) -> None:
    with cutting_proxy(server, Cut(after)) as cut:
        write_megabytes(over(settings, cut.port), 50)
        assert cut.cuts == 1
    assert read(vault, "b1/0000.dump.age") == b"".join(bytes([index]) * MB for index in range(50))


@pytest.mark.parametrize(("megabytes", "after"), [(8, 4 * MB), (20, 10 * MB), (20, 18 * MB), (60, 40 * MB)])
def test_link_that_stays_dead_leaves_no_object_and_a_clear_error(
    server: S3Server, settings: VaultSettings, vault: Vault, megabytes: int, after: int
) -> None:
    with cutting_proxy(server, Cut(after, stays_down=True)) as cut:
        with pytest.raises(VaultUnreachable) as caught:
            write_megabytes(over(settings, cut.port), megabytes)
        assert cut.cuts > 0
    assert caught.value.attributes == {"vault": vault.display, "object": "b1/0000.dump.age"}
    assert re.fullmatch(
        rf"{vault.display}: 127\.0\.0\.1:{cut.port} gives no answer, or the connection broke( \([\w ]+\))?\. Check .*",
        str(caught.value),
    )
    assert vault.objects() == []


def test_cut_while_reading_never_looks_like_the_end(
    server: S3Server, settings: VaultSettings, vault: Vault
) -> None:
    write_megabytes(vault, 40)
    with cutting_proxy(server, Cut(20 * MB, stays_down=True, of_answers=True)) as cut:
        with pytest.raises(VaultUnreachable, match="gives no answer, or the connection broke"):
            read(over(settings, cut.port), "b1/0000.dump.age")
        assert cut.cuts > 0


@pytest.mark.slow
def test_server_that_is_down(settings: VaultSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    down = over(settings, port)
    attempts = [
        down.objects,
        lambda: down.get("b1/x"),
        lambda: down.put("b1/x", b"x"),
        lambda: down.exists("b1/x"),
        lambda: down.delete("b1/x"),
        lambda: write(down, "b1/x"),
        lambda: down.remove_unfinished(datetime.now(UTC)),
    ]
    for attempt in attempts:
        with pytest.raises(VaultUnreachable, match=f"127.0.0.1:{port} gives no answer"):
            attempt()


def refusals(vault: Vault) -> Iterator[VaultError]:
    attempts = [
        vault.objects,
        lambda: vault.get("b1/x"),
        lambda: vault.put("b1/x", b"x", replace=True),
        lambda: write(vault, "b1/x"),
        lambda: write(vault, "b1/x", bytes(PART_BYTES + 1)),
        lambda: vault.remove_unfinished(datetime.now(UTC)),
    ]
    for attempt in attempts:
        with pytest.raises(VaultError) as caught:
            attempt()
        assert caught.value.attributes["vault"] == vault.display
        yield caught.value


def test_wrong_key_is_refused_without_telling_it(server: S3Server) -> None:
    settings = server.refused_settings()
    for error in refusals(open_vault(settings)):
        assert "refuses the access (403 SignatureDoesNotMatch)" in str(error)
        assert settings.access_key_id not in str(error)
        assert settings.secret_access_key.get_secret_value() not in str(error)
        assert error.__suppress_context__


def test_missing_bucket_is_named(server: S3Server) -> None:
    for error in refusals(open_vault(replace(server.settings(), address="s3://no-such-bucket/x"))):
        assert f"127.0.0.1:{server.port} has no bucket no-such-bucket." in str(error)


def test_caller_error_aborts_the_upload(server: S3Server, vault: Vault) -> None:
    with pytest.raises(ValueError, match="of the caller"):
        fail_to_write(vault, "b1/0000.dump.age", ValueError("of the caller"), bytes(3 * PART_BYTES))
    assert vault.objects() == []
    assert vault.remove_unfinished(datetime.now(UTC) + timedelta(days=1)) == []


def test_caller_error_wins_over_a_dead_link(server: S3Server, settings: VaultSettings) -> None:
    with cutting_proxy(server, Cut(10**9, stays_down=True)) as cut:
        vault = over(settings, cut.port)

        def write_and_fail() -> None:
            with vault.writer("b1/0000.dump.age") as file:
                file.write(bytes(2 * PART_BYTES))
                cut.after = 0
                raise ValueError("of the caller")

        with pytest.raises(ValueError, match="of the caller"):
            write_and_fail()


def test_unfinished_uploads_are_removed_after_the_grace_time(
    server: S3Server, settings: VaultSettings, vault: Vault
) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key.get_secret_value(),
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    folder = settings.address.removeprefix(f"s3://{BUCKET}/")
    for key in (f"{folder}/b1/0000.dump.age", f"{folder}/b1/Foreign", "elsewhere/b1/0000.dump.age"):
        client.create_multipart_upload(Bucket=BUCKET, Key=key)
    assert vault.remove_unfinished(datetime.now(UTC) - timedelta(hours=1)) == []
    assert vault.remove_unfinished(datetime.now(UTC) + timedelta(hours=1)) == ["b1/0000.dump.age"]
    left = client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert {f"{folder}/b1/Foreign", "elsewhere/b1/0000.dump.age"} <= {upload["Key"] for upload in left}
    assert f"{folder}/b1/0000.dump.age" not in {upload["Key"] for upload in left}


def test_foreign_objects_are_neither_listed_nor_counted(
    server: S3Server, settings: VaultSettings, vault: Vault
) -> None:
    vault.put("b1/manifest.json", b"x")
    folder = server.folder / settings.address.removeprefix("s3://")
    for name in ("README", "b1/Notes.txt", "b1/sub/x"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    (folder.with_name(f"{folder.name}-other") / "b1").mkdir(parents=True)
    (folder.with_name(f"{folder.name}-other") / "b1/manifest.json").write_text("x")
    assert [item.name for item in vault.objects()] == ["b1/manifest.json"]


WRITER = """
import json, sys
from pydantic import SecretStr
from tasks.backup.vault.open import VaultSettings, open_vault
from tests.support.memory import peak_bytes
options = json.loads(sys.stdin.read())
megabytes = options.pop("megabytes")
vault = open_vault(VaultSettings(**{**options, "secret_access_key": SecretStr(options["secret_access_key"])}))
def put(name, megabytes):
    with vault.writer(name) as file:
        for _ in range(16 * megabytes):
            file.write(bytes(65_536))
put("b1/0000.dump.age", 1)
before = peak_bytes()
put("b1/0001.dump.age", megabytes)
with vault.reader("b1/0001.dump.age") as file:
    while file.read(65_536):
        pass
print(peak_bytes() - before)
"""


def grown_megabytes(settings: VaultSettings, megabytes: int) -> float:
    """Write and read an object in a process of its own; return by how much its memory grew at most."""
    secret = settings.secret_access_key.get_secret_value()
    options = {**asdict(settings), "secret_access_key": secret, "megabytes": megabytes}
    done = subprocess.run(
        [sys.executable, "-c", WRITER], input=json.dumps(options), capture_output=True, text=True, check=True
    )
    return int(done.stdout) / MB


@pytest.mark.slow
def test_memory_is_flat_on_a_link_slower_than_the_writer(server: S3Server, settings: VaultSettings) -> None:
    with Link(("127.0.0.1", server.port), rate=25 * MB) as link:
        slow = replace(settings, endpoint=f"http://{link.host}:{link.port}")
        assert grown_megabytes(slow, 160) < 48


@pytest.mark.slow
def test_slow_link_needs_no_more_memory_or_patience(
    server: S3Server, settings: VaultSettings, vault: Vault
) -> None:
    started = time.monotonic()
    with Link(("127.0.0.1", server.port), rate=200_000, delay=0.025) as link:
        slow = replace(settings, endpoint=f"http://{link.host}:{link.port}")
        assert grown_megabytes(slow, 17) < 48
    # The first part takes longer than the 30 seconds that obstore allows a request by default.
    assert time.monotonic() - started > 90
    assert [item.size for item in vault.objects("b1")] == [MB, 17 * MB]
