"""Files that others can change switch nothing: exit code 2 says which file and the command against it."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import open_folder
from tests.flows.conftest import Ended, Retail
from tests.support.deliveries import as_csv, row, write
from tests.support.slow import slow_but

NOBODY = 65534


@pytest.fixture
def inbox() -> Iterator[Path]:
    """A landing folder that a supplier owns (if we can give it away), or that everybody may write."""
    folder = open_folder("retail-inbox-")
    write(folder / "day.csv", as_csv([row()] * 3))
    yield folder
    shutil.rmtree(folder)


def hand_over(folder: Path) -> None:
    """Give the folder and its files to the supplier."""
    for path in (folder, *folder.iterdir()):
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        else:
            path.chmod(0o777)


def run_in(retail: Retail, folder: Path, *arguments: str, **more: str) -> Ended:
    command = [
        "sh",
        "-c",
        'cd "$0" && exec "$@"',
        str(folder),
        sys.executable,
        "-P",
        "-m",
        "flows",
        *arguments,
    ]
    return retail.run(command, **more)


def test_a_suppliers_env_file_sets_nothing(plain_retail: Retail, inbox: Path) -> None:
    (inbox / ".env").write_text("RETAIL_ANALYST_ROLES=stranger\nPIPELINE_QUALITY_THRESHOLD=0\n")
    hand_over(inbox)
    ended = run_in(plain_retail, inbox, "etl", ".")
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith(f"retail: {inbox}")
    assert f"on the way to {inbox}/.env) " in ended.err
    assert (
        f"run: {'chown -h root' if os.geteuid() == 0 else 'chmod go-w'} {inbox}. Otherwise delete it"
        in ended.err
    )


_ELSEWHERE = [
    (("settings", "--alerts", "team"), ".env", "PREFECT_API_URL={url}\n"),
    (("settings", "--alerts", "team"), "prefect.toml", '[api]\nurl = "{url}"\n'),
    (("settings", "--alerts", "team"), "pyproject.toml", '[tool.prefect.api]\nurl = "{url}"\n'),
    (("doctor",), ".env", "PREFECT_API_URL={url}\n"),
    (("doctor",), "prefect.toml", '[api]\nurl = "{url}"\n'),
    (("doctor",), "pyproject.toml", '[tool.prefect.api]\nurl = "{url}"\n'),
]


@pytest.mark.parametrize(("command", "name", "content"), slow_but([_ELSEWHERE[0], _ELSEWHERE[4]], _ELSEWHERE))
def test_a_suppliers_file_sends_prefect_nowhere(
    plain_retail: Retail, inbox: Path, command: tuple[str, ...], name: str, content: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        (inbox / name).write_text(content.format(url=url))
        hand_over(inbox)
        ended = run_in(plain_retail, inbox, *command)
        assert ended.code == 2
        assert f"{inbox}/{name}" in ended.err
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_pyproject_without_prefect_is_no_configuration(plain_retail: Retail, inbox: Path) -> None:
    (inbox / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    hand_over(inbox)
    assert run_in(plain_retail, inbox, "warehouse", "status").code == 0


def test_help_needs_no_trust(plain_retail: Retail, inbox: Path) -> None:
    (inbox / ".env").touch()
    hand_over(inbox)
    assert run_in(plain_retail, inbox, "--help").code == 0


def test_a_workspace_of_others_is_refused_before_anything_is_read(retail: Retail, inbox: Path) -> None:
    workspace = inbox / "workspace"
    workspace.mkdir()
    hand_over(inbox)
    ended = retail("etl", str(inbox / "day.csv"), "--json", RETAIL_WORKSPACE=str(workspace))
    assert ended.code == 2
    assert f"on the way to {workspace}) " in ended.err
    assert "choose another folder with RETAIL_WORKSPACE" in ended.err
    assert list(workspace.iterdir()) == []


def test_the_report_says_where_settings_come_from(retail: Retail, inbox: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PIPELINE_QUARANTINE_SHARE=9\nPIPELINE_QUALITY_THRESHOLD=50\n")
    hand_over(inbox)
    arguments = ("etl", str(inbox), "--quality-threshold", "60", "--json")
    ended = run_in(retail, tmp_path, *arguments, PIPELINE_SMTP_PASSWORD="xq7Kmarked")
    assert ended.code == 0, ended.err
    assert ended.report["settings"] == {
        "DATABASE_URL": "environment",
        "RETAIL_DATA_DIR": "environment",
        "PIPELINE_QUARANTINE_SHARE": str(tmp_path / ".env"),
        "PIPELINE_QUALITY_THRESHOLD": "parameter",
        "PIPELINE_RETRY_DELAY_MINUTES": "parameter",
        "PIPELINE_SMTP_PASSWORD": "environment",
    }
    assert "xq7Kmarked" not in ended.out


@pytest.mark.slow
def test_links_out_of_a_landing_folder_are_named_and_can_be_passed_over(
    retail: Retail, inbox: Path, tmp_path: Path
) -> None:
    private = write(tmp_path / "private.csv", as_csv([row(Invoice="536400")]))
    (inbox / "today.csv").symlink_to(private)
    inside = retail("etl", str(inbox), "--json", RETAIL_FOLLOW_LINKS="false")
    assert inside.code == 0, inside.err
    assert [Path(one["name"]).name for one in inside.report["deliveries"]] == ["day.csv"]
    assert inside.report["links_out"] == {str(inbox / "today.csv"): str(private)}
    assert inside.report["passed_over"] == [str(inbox / "today.csv")]

    followed = retail("etl", str(inbox))
    assert followed.code == 0, followed.err
    assert f"1 link leads out of the sources (followed): {inbox}/today.csv" in followed.out
