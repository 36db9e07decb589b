"""A rule that raises instead of judging is an error that names it, never a pass."""

from __future__ import annotations

from pathlib import Path

import pandera.config
import polars as pl
import pytest

from tasks.errors import ContractBroken, Terminal
from tasks.validate import contract
from tasks.validate.rules import Rule, uniqueness
from tests.support.deliveries import HEADER, LINE, write
from tests.support.lines import AS_OF, broken_rules, bronze, judge, numbered


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
def test_a_rule_that_raises(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    rule = Rule("broken_on_purpose", "quantity", "warning", RAISING[kind], "a rule with a bug")
    monkeypatch.setattr(uniqueness, "RULES", (*uniqueness.RULES, rule))
    with pytest.raises(ContractBroken, match="The rule broken_on_purpose did not judge but failed") as caught:
        broken_rules({}, {"quantity": "0"}, {"quantity": "7"})
    assert isinstance(caught.value, Terminal)
    assert caught.value.attributes == {"rule": "broken_on_purpose"}
    assert "Mend the rule in tasks/validate/rules" in caught.value.message


def test_a_rule_that_judges_null_judges_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule("unsure", "quantity", "error", pl.lit(None, pl.Boolean), "it is not known")
    monkeypatch.setattr(uniqueness, "RULES", (rule,))
    assert broken_rules({}) == [{("unsure", "uniqueness", "error")}]


def test_lines_of_another_shape_are_not_judged() -> None:
    lines = numbered(bronze({})).with_columns(pl.col("quantity").cast(pl.Int64))
    with pytest.raises(ContractBroken, match="Int32"):
        contract.contract(AS_OF).violations(lines)


def test_nothing_of_the_delivery_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule("broken_on_purpose", "quantity", "warning", RAISING["own code"], "a rule with a bug")
    monkeypatch.setattr(uniqueness, "RULES", (rule,))
    with pytest.raises(ContractBroken):
        judge(tmp_path / "w", [write(tmp_path / "day.csv", f"{HEADER}\n{LINE}\n")])
    assert list((tmp_path / "w" / "silver").iterdir()) == []


@pytest.mark.parametrize(
    "switched",
    [{"validation_enabled": False}, {"validation_depth": "SCHEMA_ONLY"}],
    ids=["off", "schema only"],
)
def test_panderas_own_settings_do_not_switch_it_off(switched: dict[str, object]) -> None:
    with pandera.config.config_context(**switched):  # type: ignore[arg-type]
        assert broken_rules({"quantity": "0"}) == [{("quantity_not_zero", "validity", "error")}]
