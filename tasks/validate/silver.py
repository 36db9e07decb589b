"""Bronze to silver: typed lines without errors, and a quarantine of the lines that break an error rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from tasks import progress
from tasks.ingest.ingested import Bronze
from tasks.ingest.mapping.load import mapping_of_reading
from tasks.ingest.schema import BRONZE, DELIVERED, HEADERS, MAPPED_COLUMNS, OPTIONAL_HEADERS
from tasks.validate import contract
from tasks.validate.applying import rules_without
from tasks.validate.findings import Findings
from tasks.validate.line_id import CopyNumbers, line_ids
from tasks.validate.namibia import may_have_namibia, unclear_countries
from tasks.validate.normalise import normalise
from tasks.validate.quality_counts import QualityCounts
from tasks.validate.quarantine_limit import LimitedQuarantine
from tasks.validate.schema import LINE
from tasks.validate.score import DeliveryQuality, DimensionScore, FaultyLine
from tasks.validate.settings import ValidationSettings
from tasks.validate.summary_lines import Place
from tasks.workspace import outputs
from tasks.workspace.integrity import read_checked
from tasks.workspace.parquet_parts import read_part, write_part

# Bronze columns; content_hash is kept per delivery.
_TEXTS = ("delivery", *DELIVERED)
_OTHERS = tuple(name for name in BRONZE if name not in {*_TEXTS, "content_hash"})
# Raise it whenever the columns of an output, or copy numbers, change.
_FORMAT = 7
# Where the delivered value of a computed column is; a line that could not be split has the reason instead.
_DELIVERED_COLUMN = {
    "sold_at_local": "invoice_date",
    "customer_number": "customer_id",
    "discount_amount": "discount",
    "tax_amount": "tax",
    "cost_amount": "cost",
    "copy_number": "fault",
}
_VALUE_CHARACTERS = 200
# Columns of bronze that are JSON objects.
_JSON_COLUMNS = ("attributes", "invoice_attributes")


@dataclass(frozen=True)
class Silver:
    """Reference to a silver output: ``folder`` holds ``parts`` Parquet files of lines and quarantine.parquet."""

    folder: str
    parts: int
    deliveries: tuple[DeliveryQuality, ...]
    settings: ValidationSettings

    @property
    def quarantine(self) -> Path:
        """Path of the quarantined lines, columns of ``schema.QUARANTINE``."""
        return Path(self.folder) / "quarantine.parquet"


def validate(bronze: Bronze, settings: ValidationSettings, root: Path) -> Silver:
    """Type, number and validate the lines of a batch.

    Args:
        bronze: The batch.
        settings: Settings of the feed, and the date of the run.
        root: The workspace.

    Returns:
        Silver, with lines in the columns of ``schema.LINE``.

    Raises:
        ContractBroken: A rule raised an error.
        WorkspaceFull: The workspace cannot be written.
    """
    name = outputs.hash_of("silver", _FORMAT, contract.VERSION, Path(bronze.folder).name, asdict(settings))
    folder, manifest = outputs.make_output(
        root, "silver", name, lambda partial: _write_parts(bronze, settings, partial)
    )
    progress.report("validate.done", f"{bronze.rows} lines of {len(bronze.deliveries)} deliveries")
    return Silver(
        str(folder),
        manifest["parts"],
        tuple(_delivery_quality(values) for values in manifest["deliveries"]),
        settings,
    )


def _delivery_quality(values: Mapping[str, Any]) -> DeliveryQuality:
    dimensions = {name: DimensionScore(**counts) for name, counts in values["dimensions"].items()}
    samples = tuple(FaultyLine(**sample) for sample in values["samples"])
    notes = tuple(values["notes"])
    return DeliveryQuality(**{**values, "dimensions": dimensions, "samples": samples, "notes": notes})


def _write_parts(bronze: Bronze, settings: ValidationSettings, folder: Path) -> dict[str, Any]:
    without = rules_without(mapping_of_reading(settings.feed.reading))
    line_contract = contract.build_contract(settings.as_of, without)
    copies = CopyNumbers(bronze.parts)
    findings = Findings(bronze.deliveries)
    counts = QualityCounts(bronze)
    typed_numbers = {file.name: file.typed_numbers for file in bronze.deliveries}
    quarantine = LimitedQuarantine(settings.quarantine_bytes)
    telling = {delivery.name for delivery in bronze.deliveries if delivery.tells_currency}
    has_namibia = False
    for number in range(bronze.parts):
        raw = read_part(read_checked(outputs.part_path(bronze.folder, number)), _TEXTS, _OTHERS)
        has_namibia |= may_have_namibia(raw.get_column("country"), settings.feed.missing_words)
        numbers = typed_numbers[str(raw.item(0, "delivery"))]
        typed = normalise(raw, settings.feed, telling, numbers, settings.weighed)
        lines = copies.number(line_ids(typed, settings.feed.feed, settings.feed.currency))
        found = findings.of_part(raw, lines, partial(_first_place, bronze, number + 1))
        raw, lines = raw.hstack(found), lines.hstack(found)
        violations = line_contract.violations(lines)
        errors = violations.filter(pl.col("severity") == "error")
        if settings.feed.store_column == "passed over":
            counts.note_stores(raw)
        counts.count_violations(lines, violations)
        lines = lines.select(*LINE)
        if errors.height:
            faulty = _quarantine(raw, quarantine.kept(raw, errors))
            counts.keep_samples(faulty)
            quarantine.add(faulty)
            rows = errors.get_column("row").unique()
            lines = lines.with_row_index("row").filter(~pl.col("row").is_in(rows.implode())).drop("row")
        counts.count_identical(lines)
        if settings.feed.identical_lines == "drop":
            lines = lines.filter(pl.col("copy_number") == 1)
        write_part(lines, outputs.part_path(folder, number))
    if has_namibia:
        counts.unclear = unclear_countries(bronze)
    write_part(quarantine.frame(), folder / "quarantine.parquet")
    drops = settings.feed.identical_lines == "drop"
    return {
        "parts": bronze.parts,
        "deliveries": counts.quality(settings.feed.currency, drops, quarantine.truncated),
    }


def _first_place(bronze: Bronze, number: int) -> Place | None:
    """The delivery and invoice number of the first row of a part; None if there is no such part."""
    if number >= bronze.parts:
        return None
    part = read_checked(outputs.part_path(bronze.folder, number))
    place: Place = read_part(part, ("delivery", "invoice_no"), ()).row(0)
    return place


def _quarantine(raw: pl.DataFrame, errors: pl.DataFrame) -> pl.DataFrame:
    rule = pl.col("rule").cast(pl.String)
    rules = (
        _with_values(raw, errors)
        .group_by("row")
        .agg(rule.sort().alias("rules"), pl.col("value").sort_by(rule).alias("values"))
    )
    return (
        raw.with_row_index("row")
        .join(rules, on="row", how="inner", maintain_order="left")
        .select(
            # Each part has its own Enum.
            pl.col("delivery").cast(pl.String),
            "line_no",
            "rules",
            "values",
            pl.coalesce("raw", _as_json(raw)).str.replace_all("\0", "\\u0000", literal=True).alias("raw"),
        )
    )


def _as_json(raw: pl.DataFrame) -> pl.Expr:
    """A line as a JSON object: our eight columns, and what else its part has."""
    further = {**OPTIONAL_HEADERS, **{column: (column,) for column in MAPPED_COLUMNS}}
    held = {
        column: names for column, names in further.items() if raw.get_column(column).null_count() < raw.height
    }
    objects = [column for column in _JSON_COLUMNS if column in held]
    texts = {column: names for column, names in (HEADERS | held).items() if column not in objects}
    encoded = pl.struct(
        pl.col(column).alias(names[0]) for column, names in texts.items()
    ).struct.json_encode()
    if not objects:
        return encoded
    members = (
        pl.format(f',"{column}":{{}}', pl.col(column).cast(pl.String).fill_null("null")) for column in objects
    )
    return pl.concat_str(encoded.str.head(-1), *members, pl.lit("}"))


def _with_values(raw: pl.DataFrame, errors: pl.DataFrame) -> pl.DataFrame:
    """Add to each violation the delivered value of the column that its rule is about."""
    columns = contract.rule_columns()
    with_values = [errors.clear().with_columns(pl.lit(None, pl.String).alias("value"))]
    for (rule,), violations in errors.partition_by("rule", as_dict=True).items():
        column = columns[str(rule)]
        if column == "total_amount":
            delivered = raw.select(pl.coalesce(pl.col("amount", "unit_price").cast(pl.String))).to_series()
        else:
            delivered = raw.get_column(_DELIVERED_COLUMN.get(column, column)).cast(pl.String)
        values = delivered.gather(violations.get_column("row")).str.head(_VALUE_CHARACTERS)
        shown = values.str.replace_all("\0", "\\u0000", literal=True).alias("value")
        with_values.append(violations.with_columns(shown))
    return pl.concat(with_values)
