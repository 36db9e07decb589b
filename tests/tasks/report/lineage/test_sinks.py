"""What the sinks send to a real server, and what they say of one that does not take it."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from tasks.report.lineage.emitter import Emitter
from tasks.report.lineage.events import build_event
from tasks.report.lineage.sinks.atlas import AtlasSink
from tasks.report.lineage.sinks.file import FileSink
from tasks.report.lineage.sinks.http import HttpSink
from tasks.report.lineage.sinks.sink import LineageNotDelivered
from tasks.report.lineage.targets import AtlasTarget, FileTarget, HttpTarget, LineageTargets
from tests.support.openlineage_spec import check_event
from tests.support.prefect_server import free_port
from tests.support.receivers import http_receiver
from tests.tasks.report.lineage.records import record

EVENT = build_event(record())
SECRET = "marked-4711"


@pytest.fixture(autouse=True)
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password file that both HTTP libraries would use if they were let."""
    file = tmp_path / "netrc"
    file.write_text(f"machine 127.0.0.1 login somebody password {SECRET}\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.parametrize("base", ["", "/", "/openapi/openlineage", "/openapi/openlineage/"])
def test_the_path_of_the_server_is_kept(base: str) -> None:
    with http_receiver(codes=[201]) as receiver:
        HttpSink(HttpTarget(receiver.url(base), "/api/v1/lineage", SecretStr("key"))).send(EVENT)
    assert receiver.paths == [f"{base.rstrip('/')}/api/v1/lineage"]
    assert receiver.headers[0]["Authorization"] == "Bearer key"
    check_event(receiver.accepted[0])


def test_nothing_is_sent_from_the_password_file() -> None:
    with http_receiver() as receiver:
        HttpSink(HttpTarget(receiver.url(""))).send(EVENT)
        AtlasSink(AtlasTarget(receiver.url(""))).send(EVENT)
    assert all("Authorization" not in headers for headers in receiver.headers)


@pytest.mark.parametrize(
    ("codes", "said", "requests"),
    [
        ([500], "it answers HTTP 500", 2),
        ([401], "it answers HTTP 401", 1),
        ([301], "it redirects", 1),
        ([307], "it redirects", 1),
    ],
)
def test_an_event_that_the_server_does_not_take(codes: list[int], said: str, requests: int) -> None:
    with http_receiver(codes=codes, body=SECRET) as receiver:
        with pytest.raises(LineageNotDelivered, match=said) as refused:
            HttpSink(HttpTarget(receiver.url(""))).send(EVENT)
        assert len(receiver.paths) == requests
        assert receiver.reads == []
        assert SECRET not in str(refused.value)
        receiver.codes = codes
        with pytest.raises(LineageNotDelivered, match=f"HTTP {codes[0]}"):
            AtlasSink(AtlasTarget(receiver.url(""))).send(EVENT)


def test_one_failure_of_the_server_is_retried() -> None:
    with http_receiver(codes=[503, 200]) as receiver:
        HttpSink(HttpTarget(receiver.url(""))).send(EVENT)
    assert len(receiver.accepted) == 1


def test_a_server_that_is_not_there() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(LineageNotDelivered, match="cannot be reached"):
        HttpSink(HttpTarget(address)).send(EVENT)
    with pytest.raises(LineageNotDelivered, match="cannot be reached"):
        AtlasSink(AtlasTarget(address)).send(EVENT)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(LineageNotDelivered, match="Is a directory"):
        FileSink(tmp_path).send(EVENT)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LineageNotDelivered, match="No such device"):
        FileSink(tmp_path / "pipe").send(EVENT)


def test_a_deaf_server_holds_up_no_other_sink(tmp_path: Path) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        targets = LineageTargets(
            (HttpTarget(f"http://127.0.0.1:{deaf.getsockname()[1]}"), FileTarget(tmp_path / "events"))
        )
        emitter = Emitter(targets, seconds=1.0)
        started = time.monotonic()
        for _ in range(3):
            emitter.emit(record())
        assert time.monotonic() - started < 0.1
        delivery = emitter.flush()
        assert time.monotonic() - started < 1.5
        emitter.emit(record())
        assert emitter.flush().not_delivered >= 4  # nothing is waited for again
        assert time.monotonic() - started < 1.7
        emitter.stop()
    assert (delivery.delivered, delivery.not_delivered) == (3, 3)
    assert delivery.reasons == ("OpenLineage: not sent within the 1 s that a run waits.",)
    assert len((tmp_path / "events").read_text().splitlines()) >= 3


def test_settings_of_targets_hide_their_secrets() -> None:
    targets = (
        HttpTarget("http://localhost", api_key=SecretStr(SECRET)),
        AtlasTarget("http://localhost", "admin", SecretStr(SECRET)),
    )
    assert SECRET not in repr(targets)


def test_atlas_gets_types_that_every_atlas_has() -> None:
    with http_receiver() as receiver:
        AtlasSink(AtlasTarget(receiver.url("/base/"), "admin", SecretStr("££"), "shop")).send(EVENT)
    assert receiver.paths == ["/base/api/atlas/v2/entity/bulk"]
    assert receiver.headers[0]["Authorization"].startswith("Basic ")
    (body,) = receiver.accepted
    assert set(body) == {"entities"}
    required = {
        "rdbms_instance": {"rdbms_type", "platform"},
        "rdbms_db": {"prodOrOther", "instance"},
        "rdbms_table": {"db"},
        "rdbms_column": {"data_type", "table"},
        "fs_path": {"path"},
        "Process": {"inputs", "outputs"},
    }
    seen: dict[str, str] = {}
    for entity in body["entities"]:
        assert set(entity) == {"guid", "typeName", "attributes"}
        assert int(entity["guid"]) < 0
        attributes = entity["attributes"]
        assert {"qualifiedName", "name", *required[entity["typeName"]]} <= set(attributes)
        assert attributes["qualifiedName"].endswith("@shop")
        assert None not in attributes.values()
        for value in attributes.values():
            for reference in value if isinstance(value, list) else [value]:
                if isinstance(reference, dict):  # to an entity that stands before it
                    assert reference == {"guid": reference["guid"], "typeName": seen[reference["guid"]]}
        assert entity["guid"] not in seen
        seen[entity["guid"]] = entity["typeName"]
    names = [entity["attributes"]["qualifiedName"] for entity in body["entities"]]
    assert len(set(zip(seen.values(), names, strict=True))) == len(names)
    assert "db.example.com:5433/shop.retail_dwh.fact_sale@shop" in names
    assert "db.example.com:5433/shop.retail_dwh.fact_sale.line_id@shop" in names
    process = body["entities"][-1]["attributes"]
    assert process["qualifiedName"] == "shop.retail-etl@shop"
    assert [seen[one["guid"]] for one in process["inputs"]] == ["fs_path"]
    assert {seen[one["guid"]] for one in process["outputs"]} == {"rdbms_table"}
    assert json.dumps(body)


def test_atlas_is_not_asked_for_an_event_without_datasets() -> None:
    with http_receiver() as receiver:
        AtlasSink(AtlasTarget(receiver.url(""))).send(build_event(record(inputs=(), outputs=())))
    assert receiver.paths == []
