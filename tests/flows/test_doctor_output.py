"""Findings in a terminal, a pipe and the Prefect UI: in order, each with its fix, texts not interpreted."""

from __future__ import annotations

import pytest

from flows.cli import doctor_output
from tasks.doctor.finding import Finding, ok, problem, skipped, warning
from tasks.doctor.markdown import as_markdown

FINDINGS: tuple[Finding, ...] = (
    ok("host", "db.example.com has an IPv4 address"),
    problem("connection", "role [bold]ann[/] | refused.", "Check user and password."),
    skipped("loads", "no connection"),
    skipped("clock", "no connection"),
    warning("alerts", "slack cannot be reached.", "Check the network."),
)


def test_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    doctor_output.print_findings(FINDINGS)
    assert capsys.readouterr().out.splitlines() == [
        "ok       host        db.example.com has an IPv4 address",
        "problem  connection  role [bold]ann[/] | refused.",
        "                     -> Check user and password.",
        "warning  alerts      slack cannot be reached.",
        "                     -> Check the network.",
        "skipped  loads, clock (no connection)",
        "1 problem, 1 warning: a run would fail",
    ]


def test_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    doctor_output._print_table(FINDINGS)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "✓ host db.example.com has an IPv4 address",
        "✗ connection role [bold]ann[/] | refused.",
        "→ Check user and password.",
        "! alerts slack cannot be reached.",
        "→ Check the network.",
        "· skipped loads, clock (no connection)",
        "",
        "1 problem, 1 warning: a run would fail",
    ]


def test_in_the_prefect_ui() -> None:
    text = as_markdown(FINDINGS)
    assert "# retail-doctor: 1 problem, 1 warning: a run would fail" in text
    assert (
        r"| ✗ problem | connection | role \[bold\]ann\[/\] \| refused. | Check user and password. |" in text
    )
