"""Attributes of lines: what the columns that are read for nothing hold, as JSON.

A column with an address of e-mail in some row is not stored, of any row of the delivery. That is known only at the end:
where parts are written before, they are written again.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from tasks.ingest.further_columns import FURTHER
from tasks.ingest.limits import excerpt
from tasks.ingest.source_file import SourceFile
from tasks.ingest.unsplit_rows import ADDRESS_MARK, without_text
from tasks.outside_text import displayable

# A longer value is kept as an excerpt; a line keeps as many of its columns as fit.
VALUE_BYTES = 4 * 1024
LINE_BYTES = 64 * 1024
_COUNTED_VALUES = 10_000
_SHOWN_VALUES, _SHOWN_CHARACTERS = 5, 40
# 0.00, $0.00, 0,00 €: adds nothing to any sum.
_ZERO = re.compile(r"[^\w.,]{0,3}0+([.,]0*)?[^\w.,]{0,3}")


class Attributes:
    """Turns the further columns of readers' frames into attributes, over all frames of a batch.

    Args:
        addressed: By name of the delivery, keys of columns known to hold an address of e-mail.
    """

    def __init__(self, addressed: Mapping[str, frozenset[str]] | None = None) -> None:
        self._addressed = dict(addressed or {})
        # Deliveries with earlier frames.
        self._begun: set[str] = set()
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._cut: dict[str, int] = {}
        self._shortened: dict[str, int] = {}
        # Whether an address was found behind the first frame of a delivery.
        self.found_late = False

    def known(self) -> Attributes:
        """Begin again, with the addresses that were found."""
        return Attributes(self._addressed)

    def fold(self, frame: pl.DataFrame, group: Sequence[SourceFile]) -> pl.DataFrame:
        """Put the further columns of a frame into ``attributes``.

        Args:
            frame: Rows of files with equal further columns.
            group: The files; ``source`` is the position in it.

        Returns:
            The frame without these columns, with ``attributes``: a JSON object of those that hold a value; null if none
            does. With ``persons`` likewise if those that are not stored are kept in bronze.
        """
        further = group[0].further
        if not further.columns or not frame.height:
            return frame
        columns = list(further.columns)
        texts = frame.select("source", *(_trimmed(column) for column in columns))
        self._find_addresses(texts, group)
        rest = frame.drop(columns)
        withheld = {
            key: [source for source, file in enumerate(group) if self._withholds(file, key)]
            for key in further.kept
        }
        kept = texts.with_columns(
            pl.when(~pl.col("source").is_in(sources)).then(pl.col(FURTHER + key)).alias(FURTHER + key)
            for key, sources in withheld.items()
            if sources
        )
        self._count(kept, group)
        rest = rest.with_columns(self._objects(kept, list(further.kept), group).alias("attributes"))
        if not further.keeps_persons:
            return rest
        persons = texts.with_columns(
            pl.when(pl.col("source").is_in(sources)).then(pl.col(FURTHER + key)).alias(FURTHER + key)
            for key, sources in withheld.items()
        )
        keys = sorted({*further.persons, *further.kept})
        return rest.with_columns(self._objects(persons, keys, group).alias("persons"))

    def without_text(self, frame: pl.DataFrame, group: Sequence[SourceFile]) -> pl.DataFrame:
        """Describe the rows of text files that could not be split, where their text may be of a person.

        That is so in a file with columns that are not stored; in one with other further columns, of rows with an @.
        """
        if frame.get_column("raw").null_count() == frame.height:
            return frame
        delimiter = str(group[0].layout[0])
        hidden, marked = list[int](), list[int]()
        for source, file in enumerate(group):
            if file.further.persons or self._addressed.get(file.delivery.name):
                hidden.append(source)
            elif file.further.asked != frozenset(file.further.kept):
                marked.append(source)
        return without_text(frame, delimiter, hidden, marked)

    def _withholds(self, file: SourceFile, key: str) -> bool:
        return key in self._addressed.get(file.delivery.name, ())

    def _find_addresses(self, texts: pl.DataFrame, group: Sequence[SourceFile]) -> None:
        further = group[0].further
        for key in (key for key in further.kept if key not in further.asked):
            is_marked = texts.get_column(FURTHER + key).str.contains(ADDRESS_MARK, literal=True)
            if is_marked.any():
                for source in texts.get_column("source").filter(is_marked).unique():
                    self._add_addressed(group[source].delivery.name, key)
        self._begun |= {group[source].delivery.name for source in texts.get_column("source").unique()}

    def _add_addressed(self, delivery: str, key: str) -> None:
        before = self._addressed.get(delivery, frozenset())
        if key not in before:
            self.found_late |= delivery in self._begun
            self._addressed[delivery] = before | {key}

    def _count(self, texts: pl.DataFrame, group: Sequence[SourceFile]) -> None:
        """Count the values of columns that speak of money or of a sale's state."""
        for key in group[0].further.telling:
            values = texts.select("source", value=FURTHER + key).drop_nulls()
            for source, value, count in values.group_by("source", "value").len().iter_rows():
                counter = self._counts.setdefault((group[source].delivery.name, key), Counter())
                if value in counter or len(counter) < _COUNTED_VALUES:
                    counter[value] += count

    def _objects(self, texts: pl.DataFrame, keys: Sequence[str], group: Sequence[SourceFile]) -> pl.Series:
        """The JSON object of each row; null for one without values."""
        columns = [FURTHER + key for key in keys]
        sizes = texts.select(pl.col(columns).str.len_bytes().max()).row(0)
        long = [column for column, size in zip(columns, sizes, strict=True) if (size or 0) > VALUE_BYTES]
        for column in long:
            rows = texts.get_column(column).str.len_bytes() > VALUE_BYTES
            self._tally(self._shortened, texts.filter(rows), group)
            texts = texts.with_columns(_shortened(texts.get_column(column)))
        members = [_member(column, key) for column, key in zip(columns, keys, strict=True)]
        joined = pl.concat_str(members, separator=",", ignore_nulls=True)
        is_any = pl.any_horizontal(pl.col(columns).is_not_null())
        objects = texts.select(
            pl.when(is_any).then(pl.concat_str(pl.lit("{"), joined, pl.lit("}"))).alias("object")
        ).to_series()
        is_long = objects.str.len_bytes() > LINE_BYTES
        if not is_long.any():
            return objects
        self._tally(self._cut, texts.filter(is_long), group)
        return pl.Series("object", [_fitting(text) for text in objects], dtype=pl.String)

    def _tally(self, counts: dict[str, int], rows: pl.DataFrame, group: Sequence[SourceFile]) -> None:
        for source, count in rows.group_by("source").len().iter_rows():
            name = group[source].delivery.name
            counts[name] = counts.get(name, 0) + count

    def notes(self, file: SourceFile) -> tuple[str, ...]:
        """Tell what is not stored of a file, and what may change its sums: names, and values that are no person's."""
        name, further = file.delivery.name, file.further
        addressed = sorted(self._addressed.get(name, ()))
        notes = [
            *_not_stored(list(further.listed), "listed in the mapping under [persons]"),
            *_not_stored(list(further.personal), "named as if of a person", has_way_out=True),
            *_not_stored(addressed, f"with an {ADDRESS_MARK} in some value", has_way_out=True),
            *_telling_note(
                {
                    key: self._counts[name, key]
                    for key in further.telling
                    if (name, key) in self._counts and key not in addressed
                }
            ),
        ]
        if name in self._shortened:
            notes.append(
                f"{self._shortened[name]:,} values of columns that are kept as attributes have more than {VALUE_BYTES:,} "
                "bytes: of each its beginning is kept, its length and its SHA-256."
            )
        if name in self._cut:
            notes.append(
                f"{self._cut[name]:,} lines have more than {LINE_BYTES:,} bytes of attributes: what is beyond, in the "
                "order of the names, is not kept."
            )
        return tuple(notes)


def _trimmed(column: str) -> pl.Expr:
    # Postgres takes no NUL in jsonb.
    text = pl.col(column).str.strip_chars().str.replace_all("\0", "\ufffd", literal=True)
    return pl.when(text.str.len_bytes() > 0).then(text).alias(column)


def _member(column: str, key: str) -> pl.Expr:
    """A member of a JSON object; null for no value."""
    encoded = pl.struct(pl.col(column).alias(key)).struct.json_encode()
    return pl.when(pl.col(column).is_not_null()).then(encoded.str.head(-1).str.slice(1))


def _shortened(texts: pl.Series) -> pl.Series:
    long = (texts.str.len_bytes() > VALUE_BYTES).arg_true()
    return texts.scatter(long, [excerpt(text) for text in texts.gather(long)])


def _fitting(text: str | None) -> str | None:
    """The first members of a JSON object that fit into a line."""
    if text is None or len(text.encode()) <= LINE_BYTES:
        return text
    kept: dict[str, str] = {}
    shortest = "{}"
    for key, value in json.loads(text).items():
        kept[key] = value
        longer = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
        if len(longer.encode()) > LINE_BYTES:
            break
        shortest = longer
    return shortest


def _not_stored(keys: Sequence[str], reason: str, *, has_way_out: bool = False) -> tuple[str, ...]:
    if not keys:
        return ()
    listed = ", ".join(displayable(key[:_SHOWN_CHARACTERS]) for key in keys)
    way_out = " [attributes] columns of a mapping keeps what is listed there." if has_way_out else ""
    return (f"Not stored, since {reason}: {listed}.{way_out}",)


def _telling_note(counts: Mapping[str, Counter[str]]) -> tuple[str, ...]:
    """Tell of columns that may change every sum; those that hold nothing but zeros do not."""
    telling = {key: values for key, values in counts.items() if not all(map(_ZERO.fullmatch, values))}
    if not telling:
        return ()
    listed = "; ".join(f"{displayable(key[:_SHOWN_CHARACTERS])} ({_common(telling[key])})" for key in telling)
    return (
        "Kept as attributes and not read, though their names speak of money or of a sale's state, which may change every "
        f"sum: {listed}. Say in a mapping what they mean, or list them there under [attributes].",
    )


def _common(counts: Counter[str]) -> str:
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN_VALUES]
    return ", ".join(f"{displayable(value[:_SHOWN_CHARACTERS])}: {count:,}" for value, count in common)
