"""What the presets say of a header that is not read, and the command that would load its file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tasks.errors import DeliveryError, UnknownHeader
from tasks.ingest.discover import Delivery
from tasks.ingest.mapping.load import mapping_of_reading
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.presets import NoLines
from tasks.ingest.presets.ranking import Fit, near_misses
from tasks.ingest.presets.recognise import Recognition, recognise
from tasks.ingest.reading import ReadingSettings

# Of a file whose names may be unreadable for that.
GUESSED = (
    "It is not UTF-8 and was read as Windows-1252: if its names look wrong, tell its encoding, such as --encoding cp932 "
    "(Japanese) or cp1251 (Cyrillic)."
)
_SHOWN = 3
# With more columns missing, a preset is no better a start than the columns themselves.
_FEW_MISSING = 2


def explained(error: UnknownHeader, delivery: Delivery, reading: ReadingSettings) -> UnknownHeader:
    """Return the error of a header with what the presets say of it.

    Args:
        error: The error by the feed's mapping, or by the usual names.
        delivery: The delivery.
        reading: Reading settings of the feed.
    """
    try:
        # What the usual names lack is said by the error itself.
        by_names = ReadingSettings(reading.encoding, decimal=reading.decimal)
        recognition = recognise(delivery, by_names, usual=False)
    except DeliveryError:
        return error
    if (found := _by_what_it_is(recognition, delivery, mapping_of_reading(reading))) is not None:
        return found
    error = _by_near_misses(error, recognition, delivery) or error
    first = recognition.first
    if not first.is_guessed or all(map(str.isascii, first.names)):
        return error
    return UnknownHeader(f"{error.what} {GUESSED}", error.next_step, delivery=delivery.name)


def _by_what_it_is(
    recognition: Recognition, delivery: Delivery, mapping: ColumnMapping | None
) -> UnknownHeader | None:
    passing = recognition.passing
    if len(passing) > 1:
        return UnknownHeader(
            f"its header is that of {len(passing)} presets. {several_text(passing)}",
            f"Name one: {' or '.join(command(delivery, fit.preset) for fit in passing)}.",
            delivery=delivery.name,
        )
    if not passing:
        export = recognition.no_lines
        return None if export is None else no_lines_error(export, delivery)
    preset = passing[0].preset
    if mapping is not None and mapping.name == preset.name:  # a mapping of one's own, or an older preset
        return None
    reads = "by the usual names of columns" if mapping is None else f"by its mapping {mapping.name}"
    return UnknownHeader(
        f"its header is that of the preset {preset.name} ({preset.title}), and its feed is read {reads}.",
        f"Load it as a feed of its own: {command(delivery, preset, '--feed')}",
        delivery=delivery.name,
    )


def _by_near_misses(
    error: UnknownHeader, recognition: Recognition, delivery: Delivery
) -> UnknownHeader | None:
    if candidates := recognition.candidates[:_SHOWN]:
        return _by_proof(recognition, candidates, delivery)
    near = near_misses(recognition.fits)
    if not near:
        return None
    begin = f"{copy_command(delivery, near[0].preset)} > my.toml"
    step = f"{error.next_step.rstrip('.')}; or begin with a preset: {begin}"
    if len(near[0].missing) <= _FEW_MISSING and not near[0].forbidden:
        step = (
            f"If it is that export, make the preset a mapping of your own and correct there what is named otherwise: {begin}. "
            f"If not: {error.next_step}"
        )
    return UnknownHeader(
        f"{error.what} Nearest presets: {'; '.join(map(miss_text, near))}.", step, delivery=delivery.name
    )


def _by_proof(recognition: Recognition, candidates: Sequence[Fit], delivery: Delivery) -> UnknownHeader:
    preset = candidates[0].preset
    proofs = recognition.proofs
    if preset.name not in proofs:
        return UnknownHeader(
            f"its header is that of the preset {preset.name} ({preset.title}), and Parquet is read by a preset only where it "
            "is named.",
            f"Name it: {command(delivery, preset)}",
            delivery=delivery.name,
        )
    failed = "; ".join(
        f"{fit.preset.name}: {'; '.join(proofs[fit.preset.name].problems)}" for fit in candidates
    )
    changes = "; ".join(proofs[preset.name].changes) or "correct what differs"
    return UnknownHeader(
        f"its header is that of a preset that does not read it ({failed}).",
        f"Make the preset a mapping of your own: {copy_command(delivery, preset)} > my.toml. In it, {changes}. Then load it: "
        f"{mapping_command(delivery, preset, proofs[preset.name].asks)}",
        delivery=delivery.name,
    )


def no_lines_error(export: NoLines, delivery: Delivery) -> UnknownHeader:
    """Build the error of an export that holds no whole sales lines."""
    return UnknownHeader(
        f"it is an export that holds no whole sales lines ({export.title}).",
        export.answer,
        delivery=delivery.name,
    )


def several_text(fits: Sequence[Fit]) -> str:
    """Say in which columns presets differ that all fit a file."""
    columns = {fit.preset.name: {*fit.own, *fit.present} for fit in fits}
    parts = []
    for name, known in columns.items():
        alone = sorted(known.difference(*(other for key, other in columns.items() if key != name)))
        parts.append(f"{name} alone knows {_quoted(alone)}" if alone else f"{name} has no column of its own")
    return "; ".join(parts) + "."


def miss_text(fit: Fit) -> str:
    """Say why a preset does not fit a header."""
    lacks = f"lacks {_quoted(fit.missing)}" if fit.missing else ""
    has = f"must not have {_quoted(fit.forbidden)}" if fit.forbidden else ""
    return f"{fit.preset.name} ({' and '.join(filter(None, (lacks, has)))})"


def command(delivery: Delivery, preset: ColumnMapping, flag: str = "--preset") -> str:
    """Return the command that loads a delivery by a preset, with what the file does not tell.

    Args:
        delivery: The delivery.
        preset: The preset.
        flag: ``--preset``, or ``--feed`` for a new feed of the preset's name, which takes it without asking.
    """
    return shlex.join(["retail", "etl", delivery.name, flag, preset.name, *_asked(preset)])


def mapping_command(delivery: Delivery, preset: ColumnMapping, asks: Sequence[str]) -> str:
    """Return the command that loads a delivery by a mapping made of a preset, with what the file does not tell."""
    return shlex.join(["retail", "etl", delivery.name, "--mapping", "my.toml", *_asked(preset, asks)])


def _asked(preset: ColumnMapping, asks: Sequence[str] = ()) -> list[str]:
    return [word for name in dict.fromkeys((*preset.ask, *asks)) for word in (f"--{name}", name.upper())]


def copy_command(delivery: Delivery, preset: ColumnMapping) -> str:
    """Return the command that writes a preset as the start of a mapping of one's own."""
    return shlex.join(["retail", "map", delivery.name, "--preset", preset.name])


def _quoted(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(repr(name[:40]) for name in names[:_SHOWN]) + more
