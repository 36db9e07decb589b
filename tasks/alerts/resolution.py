"""Which open alerts the end of a run resolves. Plain logic; ``notify.resolve`` closes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from tasks.alerts.alert import AlertSource
from tasks.alerts.keys import key, name_key
from tasks.alerts.store import OpenAlert
from tasks.outside_text import displayable

_NAMED = 5
# It sees the parts that a run leaves missing; a run does not see what it warns of.
_WATCH = "retail-watch"


def from_place(selection: str) -> str:
    """What stands among the sources of an alert for the place of a warehouse's address.

    Args:
        selection: Name of the block, or "embedded"; empty for DATABASE_URL.
    """
    return f"warehouse://{selection}"


@dataclass(frozen=True)
class RunEffect:
    """What a run shows about the causes of open alerts.

    Attributes:
        source: Flow, deployment, feed and warehouse of the run.
        sources: Sources that the run was asked for.
        address_from: Where the address of its warehouse comes from (``from_place``).
        completed: The run completed.
        loaded: Deliveries that are loaded with the content that the run saw.
        withdrawn: Deliveries that it withdrew.
        quarantined: Of the deliveries that the run loaded, the percentage of quarantined lines by name.
        not_loaded: Deliveries that failed or were rejected.
        quarantine_limit: Percentage above which a delivery has many quarantined lines.
        is_degraded: The warehouse has parts missing at the end of the run; None if the run did not look.
    """

    source: AlertSource
    sources: tuple[str, ...] = ()
    address_from: str = ""
    completed: bool = False
    loaded: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    quarantined: Mapping[str, float] = field(default_factory=dict)
    not_loaded: frozenset[str] = frozenset()
    quarantine_limit: float = 100.0
    is_degraded: bool | None = None

    def after(self, alert: OpenAlert) -> OpenAlert | None:
        """The open alert after the run: None if resolved, without the deliveries that are resolved otherwise."""
        if alert.deliveries:
            left = tuple(delivery for delivery in alert.deliveries if not self._resolves(alert, delivery))
            if len(left) == len(alert.deliveries):
                return alert
            return replace(alert, deliveries=left) if left else None
        if alert.kind == "degraded":
            is_seen = self.source.flow == _WATCH or not alert.subject.startswith(f"{_WATCH}/")
            return None if self.is_degraded is False and is_seen and self._is_same_place(alert) else alert
        if alert.subject != self.source.subject or not self.completed:
            return alert
        sources = {key(source) for source in (*self.sources, self.address_from)}
        is_resolved = sources.issuperset(alert.sources) and (alert.kind != "quarantine" or self._is_clean)
        return None if is_resolved else alert

    def names_resolved(self, alert: OpenAlert) -> list[str]:
        """Names of the deliveries of an open alert that the run resolves."""
        names = {key(name): name for name in {*self._cured, *self._clean}}
        resolved = (delivery for delivery in alert.deliveries if self._resolves(alert, delivery))
        return sorted(names[name_key(delivery)] for delivery in resolved)

    def describe(self, resolved: Sequence[OpenAlert]) -> str:
        """Say what shows that the causes of these alerts are gone."""
        names = sorted({displayable(name) for alert in resolved for name in self.names_resolved(alert)})
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        loaded = f"Loaded or withdrawn: {', '.join(names[:_NAMED])}{more}." if names else ""
        completed = "A run completed." if self.completed else ""
        complete = "Nothing is missing." if any(alert.kind == "degraded" for alert in resolved) else ""
        return " ".join(filter(None, [completed, loaded, complete]))

    def _resolves(self, alert: OpenAlert, delivery: str) -> bool:
        # Subject: flow, deployment and feed.
        if not self._is_same_place(alert) or alert.subject.split("/", 2)[-1] != self.source.feed:
            return False
        return name_key(delivery) in (self._clean_keys if alert.kind == "quarantine" else self._cured_keys)

    def _is_same_place(self, alert: OpenAlert) -> bool:
        """Same warehouse; if one of the two is not known, same flow, deployment and feed."""
        if alert.warehouse and self.source.warehouse:
            return alert.warehouse == key(self.source.warehouse)
        return alert.subject == self.source.subject

    @property
    def _cured(self) -> frozenset[str]:
        # A pattern without a match, or a missing file, failed under the name of the source.
        sources = frozenset(self.sources) if self.completed else frozenset()
        return (self.loaded | self.withdrawn | sources) - self.not_loaded

    @property
    def _clean(self) -> frozenset[str]:
        limit = self.quarantine_limit
        return self.withdrawn | {name for name, share in self.quarantined.items() if share <= limit}

    @property
    def _is_clean(self) -> bool:
        return bool(self.quarantined) and self._clean >= self.quarantined.keys()

    @cached_property
    def _cured_keys(self) -> frozenset[str]:
        return frozenset(map(key, self._cured))

    @cached_property
    def _clean_keys(self) -> frozenset[str]:
        return frozenset(map(key, self._clean))
