"""The parameters of ``retail_etl`` are written once: flow, form, command line and document agree."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cyclopts import App
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import ValidationError, validate
from pydantic import BaseModel, Field

from flows import retail_etl
from flows.cli.etl import etl
from flows.cli.etl_options import options_from
from flows.request import EtlRequest
from flows.run_request import RunRequest
from flows.signature import bind, parameters_from
from tasks.errors import SettingsError

ROOT = Path(__file__).parents[2]
NAMES = list(EtlRequest.model_fields)


class LongerRequest(EtlRequest):
    """The list with one parameter more."""

    shop_code: str = Field(default="", description="Code of the shop in its own books.")


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    return {name: field.description or "" for name, field in model.model_fields.items()}


def _form(flow: Any) -> dict[str, Any]:
    return parameter_schema(flow).model_dump_for_openapi()


def _help(command: Any) -> dict[str, str]:
    """The description of each option by the parameter's name."""
    app = App()
    app.default(command)
    return {
        argument.field_info.name: argument.parameter.help or ""
        for argument in app.assemble_argument_collection()
    }


def _make_parameters() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_parameters", ROOT / "docs/make_parameters.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_flow_form_command_line_and_document_have_the_same_parameters() -> None:
    assert list(inspect.signature(retail_etl).parameters) == NAMES
    form = _form(retail_etl)["properties"]
    assert {name: one["description"].replace("\n", " ") for name, one in form.items()} == _descriptions(
        EtlRequest
    )
    options = _help(etl)
    assert set(options) == {*NAMES, "dry_run", "data_dir", "json", "verbose"}
    for name, description in _descriptions(EtlRequest).items():
        assert options[name].startswith(description)


def test_the_document_is_that_of_the_code() -> None:
    document = _make_parameters()
    assert (ROOT / "docs/running.md").read_text() == document.text(), "run python docs/make_parameters.py"
    for name, description in _descriptions(EtlRequest).items():
        assert f"| `{name}` | " in document.text()
        assert description in document.text()


def test_a_parameter_added_to_the_list_is_everywhere() -> None:
    @parameters_from(LongerRequest)
    async def longer(*args: Any, **kwargs: Any) -> str:
        """Load.

        Returns:
            The shop.
        """
        return bind(LongerRequest, args, kwargs).shop_code

    @options_from(LongerRequest)
    def command(*sources: str, **options: Any) -> int:
        """Load."""
        return 0

    added = "Code of the shop in its own books."
    assert "shop_code" in inspect.signature(longer).parameters
    assert f"    shop_code: {added}" in (inspect.getdoc(longer) or "")
    assert _form(longer)["properties"]["shop_code"]["description"] == added
    assert _help(command)["shop_code"] == added
    assert f"| `shop_code` | `--shop-code` | {added} |" in _make_parameters().table(LongerRequest)


def test_the_form_draws_choices_and_empty_fields() -> None:
    form = _form(retail_etl)
    assert "required" not in form
    assert not [name for name, one in form["properties"].items() if "anyOf" in one]
    assert form["properties"]["identical_lines"]["enum"] == ["keep", "drop"]
    assert form["properties"]["date_format"]["type"] == "string"
    assert form["properties"]["date_format"]["examples"][:3] == ["us", "eu", "iso"]
    assert form["properties"]["sources"]["type"] == "array"
    assert form["properties"]["sources"]["minItems"] == 1
    assert form["properties"]["sources"]["description"].startswith("Required")
    assert form["properties"]["quality_threshold"]["type"] == "number"
    assert form["properties"]["retries"]["type"] == "integer"
    # A form sends a default, also if that is null; so only these have one.
    defaults = {name: one["default"] for name, one in form["properties"].items() if "default" in one}
    assert defaults == {
        "feed": "default",
        "quality_checks": True,
        "load": True,
        "preflight": True,
        "external_enrichment": False,
        "replace": False,
        "accept_known_bytes": False,
        "accept_sums": False,
        "withdraw_vanished": False,
        "take_mapping": False,
        "take_columns": False,
    }


def test_what_the_server_accepts() -> None:
    form = _form(retail_etl)
    empty = {
        name: None for name, one in form["properties"].items() if "default" not in one and "enum" not in one
    }
    for given in (
        {},
        empty,
        {"quality_threshold": 90, "retries": 0, "identical_lines": "drop", "root": "/srv"},
    ):
        validate(given, form, raise_on_error=True)
    for refused in (
        {"sources": []},
        {"identical_lines": "sometimes"},
        {"quality_threshold": 101},
        {"retries": "many"},
    ):
        with pytest.raises(ValidationError):
            validate(refused, form, raise_on_error=True)


def test_null_means_not_given() -> None:
    nulls = dict.fromkeys(NAMES)
    cast = retail_etl.validate_parameters(nulls)
    assert bind(EtlRequest, (), cast) == bind(EtlRequest, (), nulls) == EtlRequest()


def test_a_folder_is_a_list_of_one() -> None:
    cast = retail_etl.validate_parameters({"sources": "folder"})
    assert cast["sources"] == ["folder"]
    assert bind(EtlRequest, ("folder",), {}) == EtlRequest(sources=["folder"])


def test_calls_are_bound_like_those_of_any_function() -> None:
    assert bind(EtlRequest, (["a.csv"], "shop-1"), {"retries": 2}) == EtlRequest(
        sources=["a.csv"], feed="shop-1", retries=2
    )
    with pytest.raises(TypeError, match="threshold"):
        bind(EtlRequest, (), {"threshold": 90})
    with pytest.raises(TypeError, match="sources"):
        bind(EtlRequest, (["a.csv"],), {"sources": ["b.csv"]})
    with pytest.raises(SettingsError, match="identical_lines: 'sometimes'"):
        bind(EtlRequest, (), {"identical_lines": "sometimes"})


async def test_a_value_that_is_refused_ends_the_call_before_anything_is_done() -> None:
    with pytest.raises(SettingsError, match="IANA"):
        await retail_etl.fn(["a.csv"], timezone="Europe/Lodnon")
    with pytest.raises(SettingsError, match="with load off"):
        await retail_etl.fn(load=False, warehouse="shop")
    with pytest.raises(SettingsError, match="settle_seconds: -1"):
        await retail_etl.fn(["a.csv"], settle_seconds=-1)


def test_what_is_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RETAIL_WORKSPACE", str(tmp_path))
    assert RunRequest.of(EtlRequest(sources=["a.csv"], currency="EUR")).recorded_parameters() == {
        "sources": ["a.csv"],
        "feed": "default",
        "root": None,
        "timezone": None,
        "currency": "EUR",
        "date_format": None,
        "identical_lines": None,
        "decimal": None,
        "encoding": None,
        "missing_words": None,
        "last_line_end": None,
        "customers": None,
        "settle_seconds": 0.0,
        "quality_checks": True,
        "quality_threshold": 85.0,
        "load": True,
        "preflight": True,
        "external_enrichment": False,
        "replace": False,
        "accept_known_bytes": False,
        "accept_sums": False,
        "vanished": None,
        "withdraw_vanished": False,
        "warehouse": "",
        "alerts": "",
        "retries": 3,
        "retry_delay_seconds": 300.0,
        "quality_weights": {},
        "workspace": str(tmp_path),
        "retention_days": RunRequest.of(EtlRequest()).settings.retail_retention_days,
    }
