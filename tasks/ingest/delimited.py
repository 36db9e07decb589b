"""CSV: polars for what is sound, line by line for what is not, and no row lost in silence.

polars pads short rows with nulls and cannot set aside long ones. So the separators are counted: those
in the bytes, less those inside values, must be what complete rows have. Where they are not, the file
is read line by line and each broken row is kept with its raw text and the fault.
"""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import polars as pl

from tasks.errors import DeliveryEmpty, DeliveryUnreadable
from tasks.ingest.columns import COLUMNS, Header, match
from tasks.ingest.discover import Delivery
from tasks.ingest.opened import CheckedFile, Content, Opened

_DELIMITERS = b",;\t|"
_PEEK = 1024 * 1024
# A quoted field may span this many lines; a quote open for longer is taken for a stray one.
_MAX_QUOTED_LINES = 50
_TEXT = {"fault": pl.String, "raw": pl.String}
csv.field_size_limit(_PEEK * 64)

Body = tuple[memoryview, int]  # the bytes of some whole records, and how many records come before them


def open_delivery(delivery: Delivery, content: Content) -> Opened:
    """Understand encoding, delimiter and header of a CSV delivery.

    Raises DeliveryEmpty (no line after the header), DeliveryUnreadable (not text) or UnknownHeader.
    """
    if content.data is None:
        with open(delivery.path, "rb") as file:
            start = file.read(_PEEK)
    else:
        start = content.data
    text, encoding = _as_utf8(start, delivery, partial=content.data is None)
    line, delimiter = _header_line(text, delivery)
    names = next(csv.reader([line.decode()], delimiter=delimiter))
    header = match(names, delivery.name)
    opened = Opened(delivery, content, header, (delimiter, tuple(header.positions.items()), header.width))
    opened.encodings.add(encoding)
    if content.data is not None:
        # From here on the held bytes are UTF-8 without a byte-order mark.
        opened.content = Content(content.sha256, text)
        if not text[len(line) :].strip():
            raise DeliveryEmpty.of(delivery.name, "it has a header and no line. Have it delivered again.")
    return opened


def _as_utf8(data: bytes, delivery: Delivery, *, partial: bool = False) -> tuple[bytes, str]:
    """The bytes as UTF-8 with plain line ends, and the encoding that they came in."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        if partial:
            raise DeliveryUnreadable.of(delivery.name, "a UTF-16 file of this size. Deliver it as UTF-8.")
        try:
            data, encoding = data.decode("utf-16").encode(), "utf-16"
        except UnicodeError:
            raise DeliveryUnreadable.of(delivery.name, "it is not a text file. Deliver CSV.") from None
    else:
        data, encoding = data.removeprefix(b"\xef\xbb\xbf"), "utf-8"
    if b"\0" in data[:_PEEK]:
        raise DeliveryUnreadable.of(delivery.name, "it is not a text file (binary content). Deliver CSV.")
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            if not (partial and error.end >= len(data) - 4):
                # Tills and spreadsheets of Western Europe; the five bytes it lacks stay as they are.
                data, encoding = data.decode("cp1252", errors="surrogateescape").encode("utf-8", "replace"), "cp1252"
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    return data, encoding


def _header_line(text: bytes, delivery: Delivery) -> tuple[bytes, str]:
    line = text.lstrip(b"\r\n").split(b"\n", 1)[0]
    line = text[: text.index(line) + len(line)] if line else line
    if len(line) > _PEEK // 2 or not line.strip():
        raise DeliveryUnreadable.of(delivery.name, "its first line is no header. Deliver CSV with a header.")
    best = max(_DELIMITERS, key=lambda delimiter: line.count(bytes([delimiter])))
    return line, chr(best)


def frames(group: Sequence[Opened]) -> Iterator[pl.DataFrame]:
    """Rows of deliveries of one layout: ``source`` (place in ``group``), ``line_no``, our columns as text,
    ``fault`` and ``raw`` (both null for sound rows).

    Raises DeliveryChanged if a large file's bytes are no longer those that were hashed.
    """
    header, delimiter = group[0].header, str(group[0].layout[0])
    held: list[tuple[int, Body]] = []
    for source, opened in enumerate(group):
        if opened.content.data is not None:
            line, _ = _header_line(opened.content.data, opened.delivery)
            held.append((source, (memoryview(opened.content.data)[len(line) + 1 :], 0)))
            continue
        done = 0
        for body in _record_chunks(opened, delimiter):
            frame = _parse([(source, (memoryview(body), done))], header, delimiter)
            done += frame.height
            if frame.height:
                yield frame
    if held:
        yield _parse(held, header, delimiter)


def _record_chunks(opened: Opened, delimiter: str) -> Iterator[bytes]:
    """A large file's records, without its header, in chunks that end where a record ends."""
    rest = b""
    first = True
    for chunk in chain(CheckedFile(opened), [b""]):
        data = rest + chunk
        if first:
            line, _ = _header_line(data.removeprefix(b"\xef\xbb\xbf"), opened.delivery)
            data = data.removeprefix(b"\xef\xbb\xbf")[len(line) + 1 :]
            first = False
        end = _record_end(data) if chunk else len(data)
        rest = data[end:]
        text, encoding = _as_utf8(data[:end], opened.delivery)
        if encoding != "utf-8":
            opened.encodings.add(encoding)
        if text.strip():
            yield text


def _record_end(data: bytes) -> int:
    """Just behind the last line break that no quoted field encloses (judged by the quotes before it)."""
    last = data.rfind(b"\n") + 1
    end, quotes = last, data.count(b'"', 0, last)
    for _ in range(_MAX_QUOTED_LINES):
        if quotes % 2 == 0 or end <= 0:
            break
        before = data.rfind(b"\n", 0, end - 1) + 1
        quotes -= data.count(b'"', before, end)
        end = before
    return end if end > 0 and quotes % 2 == 0 else last


def _parse(bodies: Sequence[tuple[int, Body]], header: Header, delimiter: str) -> pl.DataFrame:
    frame = _fast(bodies, header, delimiter)
    if frame is not None:
        return frame
    parsed = []
    for body in bodies:
        sound = _fast([body], header, delimiter) if len(bodies) > 1 else None
        parsed.append(sound if sound is not None else _line_by_line(body, header, delimiter))
    return pl.concat(parsed)


def _trimmed(body: memoryview) -> memoryview:
    end = len(body)
    while end and body[end - 1] in b"\r\n":
        end -= 1
    return body[:end]


def _fast(bodies: Sequence[tuple[int, Body]], header: Header, delimiter: str) -> pl.DataFrame | None:
    """Parse all bodies in one go, told apart by a marker row behind each; None if any row is not sound."""
    token = f"\x1e{secrets.token_hex(8)}"
    marker = f"\n{token}{delimiter * (header.width - 1)}\n".encode()
    pieces: list[bytes | memoryview] = []
    for _, (body, _) in bodies:
        kept = _trimmed(body)
        pieces += [kept, marker] if len(kept) else [marker[1:]]
    blob = b"".join(pieces)
    names = [f"column_{position}" for position in range(header.width)]
    try:
        frame = pl.read_csv(
            blob,
            has_header=False,
            separator=delimiter,
            schema=dict.fromkeys(names, pl.String),
        )
    except pl.exceptions.PolarsError:
        return None
    separators = blob.count(delimiter.encode())
    if b'"' in blob:
        counted = frame.select(pl.all().str.count_matches(delimiter, literal=True).sum())
        separators -= sum(value or 0 for value in counted.row(0))
    is_marker = frame.get_column(names[0]).eq_missing(pl.Series([token]))
    ends = is_marker.arg_true()
    if separators != frame.height * (header.width - 1) or ends.len() != len(bodies):
        return None
    # Row i lies behind as many markers as bodies come before its own.
    body = is_marker.cast(pl.UInt32).cum_sum()
    starts = ends.shift(1).cast(pl.Int64).fill_null(-1) - pl.Series([before for _, (_, before) in bodies])
    sources = pl.Series([source for source, _ in bodies], dtype=pl.UInt32)
    body = body.clip(upper_bound=len(bodies) - 1)
    return frame.select(
        sources.gather(body).alias("source"),
        (pl.int_range(frame.height, dtype=pl.Int64, eager=True) - starts.gather(body)).cast(pl.Int32).alias("line_no"),
        *(pl.col(names[header.positions[column]]).alias(column) for column in COLUMNS),
        *(pl.lit(None, dtype=kind).alias(name) for name, kind in _TEXT.items()),
    ).filter(~is_marker)


def _line_by_line(body: tuple[int, Body], header: Header, delimiter: str) -> pl.DataFrame:
    source, (data, before) = body
    lines = [line.removesuffix("\r") for line in bytes(data).decode("utf-8", "replace").split("\n")]
    records = list(_records(lines, header.width, delimiter))
    columns: dict[str, Iterable[str | None]] = {
        column: [
            (fields[header.positions[column]] or None) if fault is None else None for fields, fault, _ in records
        ]
        for column in COLUMNS
    }
    columns["fault"] = [fault for _, fault, _ in records]
    columns["raw"] = [raw if fault is not None else None for _, fault, raw in records]
    text = pl.DataFrame(columns, schema=dict.fromkeys([*COLUMNS, *_TEXT], pl.String))
    return text.select(
        pl.lit(source, dtype=pl.UInt32).alias("source"),
        pl.Series("line_no", range(before + 1, before + len(records) + 1), pl.Int32),
        pl.all(),
    )


def _records(lines: Sequence[str], width: int, delimiter: str) -> Iterator[tuple[list[str], str | None, str]]:
    """Fields, fault (None if sound) and raw text of each record; a broken one costs its own line only."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
            continue
        fields, used = _quoted(lines, at, delimiter) if '"' in line else (line.split(delimiter), 1)
        raw = "\n".join(lines[at : at + used])
        fault = None
        if fields is None:
            fault = "a quote that is not closed, or text behind a closing quote"
        elif len(fields) != width:
            fault = f"{len(fields)} fields instead of {width}"
            if used > 1:  # a stray quote swallowed the lines behind it: give them back
                used, raw = 1, line
        yield fields or [], fault, raw
        at += used


def _quoted(lines: Sequence[str], at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """Fields of the record that begins at a line with quotes, and how many lines it takes."""
    for used in range(1, min(_MAX_QUOTED_LINES, len(lines) - at) + 1):
        text = "\n".join(lines[at : at + used])
        try:
            return next(csv.reader([text], delimiter=delimiter, strict=True)), used
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                break
    return None, 1
