"""Recognise the export of a known system: by its header, proved on its first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasks.errors import DeliveryError, UnknownHeader
from tasks.ingest.discover import Delivery
from tasks.ingest.file_kinds import kind_of
from tasks.ingest.header import match_header
from tasks.ingest.limits import DEFAULT_LIMITS
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.presets import NoLines
from tasks.ingest.presets.proof import Proof, prove
from tasks.ingest.presets.ranking import Fit, export_without_lines, rank_presets
from tasks.ingest.readers.encoding import PEEK, decode_all, first_lines
from tasks.ingest.readers.file_start import read_file_start
from tasks.ingest.readers.find_header import find_header
from tasks.ingest.readers.first_rows import FirstRows, first_rows_of, read_first_rows
from tasks.ingest.reading import DEFAULT_READING, ReadingSettings


@dataclass(frozen=True)
class Recognition:
    """What a file is, as far as its header and first rows tell.

    Attributes:
        first: Its header and first rows.
        fits: How each preset fits the header, the best first.
        proofs: By name of a preset that fits, what the first rows say of it; empty for Parquet, which is not proved.
        no_lines: The export without sales lines that has this header.
    """

    first: FirstRows
    fits: Sequence[Fit]
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    no_lines: NoLines | None = None

    @property
    def candidates(self) -> tuple[Fit, ...]:
        """The presets that fit the header, those that the first rows prove before the others."""
        fits = [fit for fit in self.fits if fit.is_candidate]
        return tuple(sorted(fits, key=lambda fit: _order(self.proofs.get(fit.preset.name))))

    @property
    def passing(self) -> tuple[Fit, ...]:
        """The presets that the first rows prove; where sums hold for none, those that read them."""
        read = [fit for fit in self.candidates if (proof := self._proof(fit)) and not proof.problems]
        # Where sums are wrong, the load refuses the delivery with both figures.
        return tuple([fit for fit in read if self.proofs[fit.preset.name].holds] or read)

    @property
    def chosen(self) -> ColumnMapping | None:
        """The preset that is taken without asking: the only one that passes."""
        passing = self.passing
        return passing[0].preset if len(passing) == 1 else None

    def _proof(self, fit: Fit) -> Proof | None:
        return self.proofs.get(fit.preset.name)


def _order(proof: Proof | None) -> tuple[bool, bool]:
    return (proof is None or bool(proof.problems), proof is None or bool(proof.sums))


def recognise(
    delivery: Delivery, reading: ReadingSettings = DEFAULT_READING, *, usual: bool = True
) -> Recognition:
    """Find out which presets fit a delivery.

    Args:
        delivery: The delivery.
        reading: Reading settings of the feed, without a mapping.
        usual: Whether presets count that only use the usual names of columns.

    Raises:
        DeliveryUnreadable: It cannot be read, or holds no record of several fields.
    """
    if kind_of(delivery.path) == "parquet":
        first = read_first_rows(delivery)
        return Recognition(first, _fits(first, usual), {}, export_without_lines(first.names))
    return _recognise_text(delivery, read_file_start(delivery), reading, usual=usual)


def _recognise_text(
    delivery: Delivery, start: bytes, reading: ReadingSettings, *, usual: bool
) -> Recognition:
    first = first_rows_of(delivery, start, reading.encoding)
    fits = _fits(first, usual)
    whole_lines = start[: start.rfind(b"\n") + 1] if len(start) == PEEK else start
    proofs = {
        fit.preset.name: prove(delivery, whole_lines, fit.preset, reading) for fit in fits if fit.is_candidate
    }
    return Recognition(first, fits, proofs, export_without_lines(first.names))


def _fits(first: FirstRows, usual: bool) -> list[Fit]:
    fits = rank_presets(first.names)
    return fits if usual else [fit for fit in fits if not fit.preset.line.usual_names]


def chosen_preset(
    deliveries: Sequence[Delivery], reading: ReadingSettings
) -> tuple[ColumnMapping, Recognition] | None:
    """Choose the preset by which a new feed is read: that of its first delivery which is recognised.

    A delivery that is read by the usual names decides against any: such files load without a preset.

    Args:
        deliveries: The deliveries of a run.
        reading: Reading settings of the feed, without a mapping.

    Returns:
        The preset, and what told it; None if there is none.
    """
    found: tuple[ColumnMapping, Recognition] | None = None
    for delivery in deliveries:
        try:
            if kind_of(delivery.path) == "parquet":  # no preset is proved on it
                match_header(read_first_rows(delivery).names, delivery.name)
                return None
            start = read_file_start(delivery)
            if _is_usual(delivery, start, reading):
                return None
            if found is not None:
                continue
            recognition = _recognise_text(delivery, start, reading, usual=False)
        except DeliveryError:  # told where it is read
            continue
        if (chosen := recognition.chosen) is not None:
            found = chosen, recognition
    return found


def _is_usual(delivery: Delivery, start: bytes, reading: ReadingSettings) -> bool:
    if len(start) == PEEK:
        text = first_lines(start, delivery.name, reading.encoding).data
    else:
        text = decode_all(start, delivery.name, DEFAULT_LIMITS, reading.encoding).data
    try:
        find_header(text, None, delivery.name)
    except UnknownHeader:
        return False
    return True
