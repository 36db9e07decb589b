"""Figures of a benchmark over a link, which its document is rendered from, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.link import Counts
from benchmarks.link_rounds import Job, Loader, Measurement
from benchmarks.targets import Figure


@dataclass(frozen=True)
class LinkResults:
    """All measurements, and what they were made with.

    Attributes:
        rounds: For each round the measurements at each distance (milliseconds a round trip, 0 without a link).
        counted: The loads over a link that counts by the messages.
        megabits: Rate of the line.
        lines: Lines of the full data.
        files: Files of the full data.
        machine: Description of the machine.
        versions: Versions of the programs.
    """

    rounds: list[dict[int, list[Measurement]]]
    counted: list[Measurement]
    megabits: float
    lines: int
    files: int
    machine: dict[str, str]
    versions: dict[str, str]

    @property
    def distances(self) -> list[int]:
        """The distances, nearest first."""
        return sorted(self.rounds[0])

    @property
    def loads(self) -> list[tuple[Loader, Job]]:
        """Who loaded what, in order."""
        return [(measurement.loader, measurement.job) for measurement in self.rounds[0][self.distances[0]]]

    def seconds(self, loader: Loader, job: Job, distance: int) -> Figure:
        """Seconds of a load at a distance."""
        return Figure.from_values(self._seconds_by_round(loader, job, distance))

    def ratio(self, job: Job, distance: int, loader: Loader, peer: Loader) -> Figure:
        """Seconds of a loader relative to those of a peer, within a round."""
        pairs = zip(
            self._seconds_by_round(loader, job, distance),
            self._seconds_by_round(peer, job, distance),
            strict=True,
        )
        return Figure.from_values([ours / theirs for ours, theirs in pairs])

    def counts(self, loader: Loader, job: Job) -> Counts:
        """What a load sent and received, and in how many turns."""
        return _find(self.counted, loader, job).counts

    def _seconds_by_round(self, loader: Loader, job: Job, distance: int) -> list[float]:
        return [_find(measured[distance], loader, job).seconds for measured in self.rounds]

    def write(self, path: Path) -> None:
        """Write everything to a file."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> LinkResults:
        """Read what ``write`` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        content["rounds"] = [
            {int(distance): _measurements(values) for distance, values in measured.items()}
            for measured in content["rounds"]
        ]
        content["counted"] = _measurements(content["counted"])
        return cls(**content)


def measure_rounds(
    count: int,
    distances: Sequence[int],
    measure: Callable[[int], list[Measurement]],
    log: Callable[[str], None],
) -> list[dict[int, list[Measurement]]]:
    """Measure ``count`` rounds, each at every distance."""
    rounds = []
    for number in range(1, count + 1):
        log(f"round {number} of {count}")
        rounds.append({distance: measure(distance) for distance in distances})
    return rounds


def _find(measurements: Sequence[Measurement], loader: Loader, job: Job) -> Measurement:
    return next(
        measurement for measurement in measurements if (measurement.loader, measurement.job) == (loader, job)
    )


def _measurements(values: list[dict[str, object]]) -> list[Measurement]:
    return [Measurement(**{**value, "counts": Counts(**value["counts"])}) for value in values]  # type: ignore[arg-type]
