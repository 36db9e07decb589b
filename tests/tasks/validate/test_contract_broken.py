"""A rule that raises an error is reported by name; its lines never pass."""

from __future__ import annotations

from pathlib import Path

import pandera.config
import polars as pl
import pytest

from tasks.errors import ContractBroken, Terminal
from tasks.validate import contract
from tasks.validate.rules import Rule, uniqueness
from tests.support.deliveries import HEADER, LINE, write
from tests.support.lines import AS_OF, broken_rules, bronze, checked_lines, validate_sources


def _raises(_: pl.Series) -> pl.Series:
    raise ZeroDivisionError("a bug in the rule")


RAISING = {
    "no such column": pl.col("price") > 0,
    "wrong type": pl.col("quantity").str.contains("x"),
    "no truth value": pl.col("description"),
    "own code": pl.col("quantity").map_batches(_raises, return_dtype=pl.Boolean),
    "wrong length": pl.col("quantity").head(2) > 0,
}


@pytest.mark.parametrize("kind", RAISING)
def test_rule_that_raises(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    rule = Rule("broken_on_purpose", "quantity", "warning", RAISING[kind], "never, it has a bug")
    monkeypatch.setattr(uniqueness, "RULES", (*uniqueness.RULES, rule))
    with pytest.raises(ContractBroken, match="The rule broken_on_purpose cannot be evaluated") as caught:
        broken_rules({}, {"quantity": "0"}, {"quantity": "7"})
    assert isinstance(caught.value, Terminal)
    assert caught.value.attributes == {"rule": "broken_on_purpose"}
    assert "Fix the rule in tasks/validate/rules, then run again." in caught.value.message


def test_null_breaks_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule("unsure", "quantity", "error", pl.lit(None, pl.Boolean), "it is unknown")
    monkeypatch.setattr(uniqueness, "RULES", (rule,))
    assert broken_rules({}) == [{("unsure", "uniqueness", "error")}]


def test_other_dtypes_are_rejected() -> None:
    lines = checked_lines(bronze({})).with_columns(pl.col("quantity").cast(pl.Int64))
    with pytest.raises(ContractBroken, match="Decimal"):
        contract.build_contract(AS_OF).violations(lines)


def test_no_output_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule("broken_on_purpose", "quantity", "warning", RAISING["own code"], "never, it has a bug")
    monkeypatch.setattr(uniqueness, "RULES", (rule,))
    with pytest.raises(ContractBroken):
        validate_sources(tmp_path / "w", [write(tmp_path / "day.csv", f"{HEADER}\n{LINE}\n")])
    assert list((tmp_path / "w" / "silver").iterdir()) == []


@pytest.mark.parametrize(
    "pandera_settings",
    [{"validation_enabled": False}, {"validation_depth": "SCHEMA_ONLY"}],
    ids=["off", "schema only"],
)
def test_pandera_settings_cannot_switch_rules_off(pandera_settings: dict[str, object]) -> None:
    with pandera.config.config_context(**pandera_settings):  # type: ignore[arg-type]
        assert broken_rules({"quantity": "0"}) == [{("quantity_not_zero", "validity", "error")}]
