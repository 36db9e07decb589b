"""The preset by which a new feed is read, and what somebody must tell because its deliveries do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.run_context import RunContext
from tasks.errors import SettingsError
from tasks.ingest.discover import Delivery
from tasks.ingest.instants import tells_offset
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import mapping_of_reading
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.presets.recognise import Recognition, chosen_preset
from tasks.metering import in_thread
from tasks.warehouse.feed_settings import resolve_feed_settings

_SHOWN = 10
_EXAMPLES = {"currency": "EUR", "timezone": "Europe/Paris"}


async def with_preset(
    context: RunContext, deliveries: Sequence[Delivery]
) -> tuple[RunContext, tuple[str, ...]]:
    """Have a new feed read by the preset that its deliveries are recognised as.

    A feed that holds lines goes on as it is, and so does one for which a mapping, a preset or columns are given.

    Returns:
        The run, and sentences for its report.

    Raises:
        SettingsError: The mapping of a new feed asks for a currency or time zone that is not given.
    """
    if context.known.settings is not None:
        return context, ()
    notes: tuple[str, ...] = ()
    if context.feed.mapping is None:
        found = await in_thread(chosen_preset, deliveries, context.feed.reading)
        if found is None:
            return context, ()
        preset, recognition = found
        asked = context.request.asked_settings | {"mapping": kept_text(preset.content)}
        context = replace(context, feed=resolve_feed_settings(None, context.request.feed, asked))
        notes = (_taken_text(preset, recognition),)
    mapping = mapping_of_reading(context.feed.reading)
    if mapping is not None and (assumed := _assumed_text(context, mapping)):
        notes += (assumed,)
    if mapping is not None and mapping.ask:
        _ensure_told(context, mapping)
        told = ", ".join(f"{name} {getattr(context.feed, name)}" for name in mapping.ask)
        notes += (f"As given, since the deliveries do not tell it: {told}.",)
    return context, notes


def _taken_text(preset: ColumnMapping, recognition: Recognition) -> str:
    proof = recognition.proofs[preset.name]
    text = (
        f"Recognised by its header as {preset.title}, proved on the first {proof.rows} rows: read by the preset "
        f"{preset.name}."
    )
    unknown = next(fit.unknown for fit in recognition.fits if fit.preset is preset)
    if unknown:
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        names = ", ".join(repr(name[:40]) for name in unknown[:_SHOWN])
        text += f" Columns that the preset does not know: {names}{more}."
    return text


def _assumed_text(context: RunContext, mapping: ColumnMapping) -> str:
    """Say by which defaults a new feed is read where its deliveries do not tell; empty if all is told."""
    line = mapping.line
    tells = {
        "currency": "currency" in {*line.columns, *line.constants},
        "timezone": line.time.zone_column is not None or any(map(tells_offset, line.time.formats)),
    }
    assumed = [name for name, is_told in tells.items() if not (is_told or getattr(context.request, name))]
    assumed = [name for name in assumed if name not in mapping.ask]
    if not assumed:
        return ""
    values = ", ".join(f"{name} {getattr(context.feed, name)}" for name in assumed)
    flags = " and ".join(f"--{name}" for name in assumed)
    return f"By default, where the deliveries do not tell it: {values}. The feed keeps it; {flags} with its first load say otherwise."


def _ensure_told(context: RunContext, mapping: ColumnMapping) -> None:
    """Raise SettingsError for what the mapping of a new feed asks and the run does not give."""
    open_settings = [name for name in mapping.ask if not getattr(context.request, name)]
    if open_settings:
        reasons = "; ".join(f"{name}: {mapping.ask[name]}" for name in open_settings)
        flags = " ".join(f"--{name} {_EXAMPLES[name]}" for name in open_settings)
        raise SettingsError(
            f"feed {context.request.feed} is new, and its deliveries ({mapping.title or mapping.name}) do not tell all that "
            f"is needed ({reasons}).",
            f"Give it once, with your own values: {flags}",
            setting=open_settings[0],
        )
