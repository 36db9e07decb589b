"""The parameters of ``retail_etl``: one list for the flow, its form in Prefect, the command line and the documents.

A parameter is added here and nowhere else. Light: ``retail etl --help`` imports it, but neither Prefect nor polars.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from blocks.names import BLOCK_NAME, ensure_block_name
from flows.signature import EmptyField
from tasks.errors import SettingsError


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Text = Annotated[str, EmptyField(type="string")]
# With the pattern Prefect's server refuses an address, before it stores it.
_TEXTS_BY_NAME = EmptyField(type="object", additionalProperties={"type": "string"})
_BlockName = Annotated[str, EmptyField(type="string", pattern=f"^({BLOCK_NAME})?$")]


def _pairs_by_last_mark(value: Any) -> Any:
    """A table of what the command line gives as COLUMN=OURS; a column of a file may have the mark in its name."""
    return dict(_pair(each, each.rpartition("=")) for each in value) if isinstance(value, list) else value


def _pairs_by_first_mark(value: Any) -> Any:
    """A table of what the command line gives as OURS=TEXT."""
    return dict(_pair(each, each.partition("=")) for each in value) if isinstance(value, list) else value


def _pair(text: str, parts: tuple[str, str, str]) -> tuple[str, str]:
    name, mark, value = parts
    if not (name and mark):
        raise ValueError(f"{text!r} is not written as NAME=VALUE")
    return name, value


# Parameters that are kept as settings of the feed, names of ``tasks.validate.settings.FeedSettings``.
FEED_SETTINGS = (
    "timezone",
    "currency",
    "date_format",
    "identical_lines",
    "decimal",
    "encoding",
    "missing_words",
    "last_line_end",
    "customers",
)


class EtlRequest(BaseModel):
    """What a caller asks of ``retail_etl``.

    Empty text, an empty list and None mean "not given": the feed, the settings or the defaults then decide, and a run
    without sources is refused. Null means the same for every parameter, because deployments store it for fields that
    were left empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # A str is a Sequence[str] for type checkers, so both spellings of one source check.
    sources: Annotated[
        Sequence[str],
        BeforeValidator(_one_or_many),
        # Not "required": deployments store null for it, and the run then says what is missing.
        EmptyField(type="array", items={"type": "string"}, minItems=1),
    ] = Field(
        default=(),
        description="Required: files, folders or globs of CSV and Parquet, as paths on the machine that runs the flow: "
        "for a deployment, the worker.",
    )
    feed: str = Field(
        default="default",
        description="Name of the source of these deliveries (a shop, a till system). Lines, invoices and deliveries "
        "belong to it.",
    )
    root: _Text = Field(
        default="",
        description="Folder whose path is cut off the deliveries' names, for a feed that several machines read.",
    )
    timezone: _Text = Field(
        default="",
        description="IANA time zone of the local times in the deliveries. Default: the feed's; for a new feed "
        "Europe/London.",
    )
    currency: _Text = Field(
        default="",
        description="ISO 4217 currency of the prices. Default: the feed's; for a new feed GBP.",
    )
    date_format: Annotated[str, EmptyField(type="string", examples=["us", "eu", "iso", "%d.%m.%Y %H:%M"])] = (
        Field(
            default="",
            description="Format of dates such as 12/1/2010: us, eu, iso (ISO 8601 only), or a strptime pattern. Default: the "
            "feed's; for a new feed found in all its deliveries where a date needs it.",
        )
    )
    identical_lines: Annotated[
        Literal["", "keep", "drop"], EmptyField(type="string", enum=["keep", "drop"])
    ] = Field(
        default="",
        description="Identical lines of a delivery: keep loads and numbers all of them, drop loads only the first. "
        "Default: the feed's; for a new feed keep.",
    )
    decimal: Annotated[Literal["", ".", ","], EmptyField(type="string", enum=[".", ","])] = Field(
        default="",
        description="Decimal mark of numbers such as 1.000 and 1,234; the other one, blanks and apostrophes group "
        "thousands. Default: the feed's; for a new feed found in all its deliveries where a number needs it.",
    )
    encoding: Annotated[str, EmptyField(type="string", examples=["utf-8", "cp1252", "iso-8859-15"])] = Field(
        default="",
        description="Encoding of text files. Default: the feed's; for a new feed UTF-8, with Windows-1252 for lines "
        "that are not.",
    )
    missing_words: Annotated[str, EmptyField(type="string", examples=["none", "NULL,n/a,-"])] = Field(
        default="",
        description="Words that stand for a missing value, separated by commas, or none for no word. Default: the "
        "feed's; for a new feed the usual ones, such as NULL and nan.",
    )
    last_line_end: Annotated[
        Literal["", "optional", "required"], EmptyField(type="string", enum=["optional", "required"])
    ] = Field(
        default="",
        description="Whether the last line of a text file has a line end where it is whole. Default: the feed's; for "
        "a new feed judged by each file.",
    )
    customers: Annotated[
        Literal["", "codes", "numbers"], EmptyField(type="string", enum=["codes", "numbers"])
    ] = Field(
        default="",
        description="Customers such as 00123: codes keeps the zeros and takes any text, numbers reads 123 and sets other "
        "codes aside. A feed whose customers are numbers may be changed to codes. Default: the feed's; for a new feed "
        "found in all its deliveries where a customer needs it.",
    )
    mapping: _Text = Field(
        default="",
        description="TOML file that says how the columns of the deliveries become sales lines (docs/deliveries.md). "
        "Default: the feed's; for a new feed the usual names of the columns.",
    )
    preset: _Text = Field(
        default="",
        description="Preset by which the deliveries are read, such as shopify_orders (docs/presets.md), in place of a "
        "mapping. Default: the feed's; for a new feed the one that is recognised, if the usual names do not read them.",
    )
    columns: Annotated[dict[str, str], BeforeValidator(_pairs_by_last_mark), _TEXTS_BY_NAME] = Field(
        default={},
        description="Columns of the deliveries to columns of a sales line, such as qty to Quantity; the others are "
        "those of the mapping, else found by their usual names.",
    )
    constants: Annotated[dict[str, str], BeforeValidator(_pairs_by_first_mark), _TEXTS_BY_NAME] = Field(
        default={},
        description="Columns of a sales line to the text that all lines have in it, such as Country to France; empty "
        "text for no value.",
    )
    take_mapping: bool = Field(
        default=False,
        description="Read by the given mapping or preset, columns and constants from now on although the feed has other ones: "
        "its deliveries that come again are read anew and replace what they delivered.",
    )
    take_columns: bool = Field(
        default=False,
        description="Let currency, store and line number count from now on in a feed whose first lines were loaded by a "
        "release that passed these columns over: its deliveries that come again are read anew and replace what they "
        "delivered.",
    )
    settle_seconds: Annotated[float, EmptyField(type="number", minimum=0)] = Field(
        default=0,
        description="Seconds since its last change from which a new file is taken; a younger one is unfinished, and "
        "left to a later run. Default: 0, any age.",
    )
    quality_checks: bool = Field(
        default=True,
        description="Score the deliveries and reject those below the threshold. Off: invalid lines are still "
        "quarantined.",
    )
    quality_threshold: Annotated[float | None, EmptyField(type="number", minimum=0, maximum=100)] = Field(
        default=None,
        description="Percentage below which a delivery is rejected, by its score or by its share of valid lines. "
        "Default: PIPELINE_QUALITY_THRESHOLD, else 85.",
    )
    load: bool = Field(
        default=True,
        description="Load what passes. Off is a dry run: read, validate and score only, without a warehouse.",
    )
    preflight: bool = Field(
        default=True,
        description="Check first what would make the run fail, as retail doctor does; it takes no turn of its own.",
    )
    external_enrichment: bool = Field(
        default=False, description="Enrich from external sources (not available yet)."
    )
    replace: bool = Field(
        default=False,
        description="Accept replacements that withdraw more than half of a delivery's lines, or more than a tenth and "
        "more than 20; with withdraw_vanished also more than half of a source's lines.",
    )
    accept_known_bytes: bool = Field(
        default=False,
        description="Accept deliveries whose bytes another feed has loaded: both feeds then have these sales.",
    )
    accept_sums: bool = Field(
        default=False,
        description="Accept deliveries whose lines do not add up to the sums that they tell themselves, by the checks of "
        "their mapping. The report keeps both figures.",
    )
    vanished: Annotated[
        Literal["", "report", "ignore"], EmptyField(type="string", enum=["report", "ignore"])
    ] = Field(
        default="",
        description="Deliveries that a folder or glob no longer has: report names them, once each in an alert too; "
        "ignore is for folders that are cleared after loading. Kept in the feed, and changeable. Default: the feed's; "
        "for a new feed report.",
    )
    withdraw_vanished: bool = Field(
        default=False,
        description="Withdraw the deliveries that a folder or glob no longer has. More than half of its lines are "
        "withdrawn only with replace: the folder may be unmounted.",
    )
    warehouse: _BlockName = Field(
        default="",
        description="Name of a SupabaseWarehouse block. Default: RETAIL_WAREHOUSE, else DATABASE_URL of the process, "
        "else the embedded Postgres.",
    )
    alerts: _BlockName = Field(
        default="",
        description="Name of an Alerts block. Default: RETAIL_ALERTS, else the channels of the environment.",
    )
    retries: Annotated[int | None, EmptyField(type="integer", minimum=0)] = Field(
        default=None,
        description="How often a step is retried after a transient error. Default: PIPELINE_DEFAULT_RETRIES, else 3.",
    )
    retry_delay_seconds: Annotated[float | None, EmptyField(type="number", minimum=0)] = Field(
        default=None,
        description="Seconds before the first retry, doubled for each further one. Default: "
        "PIPELINE_RETRY_DELAY_MINUTES, else 300 seconds.",
    )

    def ensure_sources(self) -> None:
        """Raise SettingsError if there is nothing to load."""
        if not any(self.sources):
            raise SettingsError(
                "sources: none are given, and there is no default.",
                "Name files, folders or globs: retail etl deliveries/, or in a deployment --param "
                "'sources=[\"/srv/deliveries\"]'. The bundled data is loaded by retail demo.",
                setting="sources",
            )

    def feed_settings(self) -> dict[str, str]:
        """The requested settings of the feed by name; empty text where none is requested."""
        return {name: getattr(self, name) for name in FEED_SETTINGS}

    @field_validator("*", mode="before")
    @classmethod
    def _null_is_not_given(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name
        return cls.model_fields[name].default if value is None and name in cls.model_fields else value

    @field_validator("warehouse", "alerts")
    @classmethod
    def _names_a_block(cls, value: str, info: ValidationInfo) -> str:
        if value:
            ensure_block_name(value, str(info.field_name))
        return value
