"""Which presets fit a header, by whole names only: what is merely similar never chooses one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from tasks.ingest.header import fold_name
from tasks.ingest.mapping.model import ColumnMapping, Signature
from tasks.ingest.presets import NoLines, exports_without_lines, presets

_NEAR_MISSES = 3


@dataclass(frozen=True)
class Fit:
    """How a header fits the signature of a preset.

    Attributes:
        preset: The preset.
        missing: Required columns that the header lacks; of alternatives, the first.
        present: Required columns that it has.
        forbidden: Columns that the preset forbids and the header has.
        own: Columns of the preset that hardly any other system has, and the header has.
        unknown: Columns of the header that the preset does not know.
        file_share: Share of the header's columns that the preset knows.
        preset_share: Share of the preset's columns that the header has.
    """

    preset: ColumnMapping
    missing: tuple[str, ...]
    present: tuple[str, ...]
    forbidden: tuple[str, ...]
    own: tuple[str, ...]
    unknown: tuple[str, ...]
    file_share: float
    preset_share: float

    @property
    def is_candidate(self) -> bool:
        """Whether every required column is there and no forbidden one."""
        return not self.missing and not self.forbidden

    @property
    def rank(self) -> tuple[int, float, float]:
        """Order of candidates: own columns, share of the file known, share of the preset there."""
        return len(self.own), self.file_share, self.preset_share

    @property
    def is_near(self) -> bool:
        """Whether it is worth naming among the near misses: half of what is required is there, or more is than lacks."""
        return len(self.present) >= max(2, len(self.missing))


def rank_presets(names: Sequence[str]) -> list[Fit]:
    """Return how each preset fits a header, candidates first and the best first.

    Args:
        names: Names of the columns of a file.
    """
    header = _folded(names)
    fits = [_fit(names, header, preset) for preset in presets()]
    return sorted(
        fits, key=lambda fit: (not fit.is_candidate, len(fit.missing), *(-part for part in fit.rank))
    )


def near_misses(fits: Sequence[Fit]) -> list[Fit]:
    """Return the best of the presets that do not fit, at most three."""
    near = [fit for fit in fits if not fit.is_candidate and fit.is_near]
    return near[:_NEAR_MISSES]


def export_without_lines(names: Sequence[str]) -> NoLines | None:
    """Return the export without sales lines that has this header, or None."""
    header = _folded(names)
    found = (export for export in exports_without_lines() if satisfies(header, export.signature))
    return max(found, key=lambda export: len(export.signature.required), default=None)


def satisfies(header: Collection[str], signature: Signature) -> bool:
    """Return whether folded names have every required column and no forbidden one."""
    return all(_has(header, group) for group in signature.required) and not any(
        fold_name(name) in header for name in signature.forbidden
    )


def is_satisfied(names: Sequence[str]) -> bool:
    """Return whether a header satisfies the signature of a preset or of an export without lines."""
    header = _folded(names)
    signatures = [preset.signature for preset in presets()]
    signatures += [export.signature for export in exports_without_lines()]
    return any(satisfies(header, signature) for signature in signatures)


def count_known(names: Sequence[str]) -> int:
    """Count the names that the best known preset has."""
    header = _folded(names)
    return max(len(header & known) for known in _known_names())


@cache
def _known_names() -> tuple[frozenset[str], ...]:
    return tuple(_folded(_all_names(preset.signature)) for preset in presets())


def _all_names(signature: Signature) -> tuple[str, ...]:
    return (*(name for group in signature.required for name in group), *signature.optional)


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(fold_name(name) for name in names) - {""}


def _has(header: Collection[str], group: Iterable[str]) -> bool:
    return any(fold_name(name) in header for name in group)


def _fit(names: Sequence[str], header: Collection[str], preset: ColumnMapping) -> Fit:
    signature = preset.signature
    known = _folded(_all_names(signature))
    found = len(known & set(header))
    return Fit(
        preset,
        missing=tuple(group[0] for group in signature.required if not _has(header, group)),
        present=tuple(group[0] for group in signature.required if _has(header, group)),
        forbidden=tuple(name for name in signature.forbidden if fold_name(name) in header),
        own=tuple(name for name in signature.own if fold_name(name) in header),
        unknown=tuple(
            dict.fromkeys(name.strip() for name in names if name.strip() and fold_name(name) not in known)
        ),
        file_share=found / len(header) if header else 0.0,
        preset_share=found / len(known) if known else 0.0,
    )
