"""Parse the dates that tell their offset from UTC: each is an instant, whatever the time zone of the feed.

The offset stands in numbers (`+01:00`, `-0500`), or as `Z`, `UTC` or `GMT`. Other letters name no offset: CST is one in
Chicago and another in Shanghai.
"""

from __future__ import annotations

import re

import polars as pl

# Their offset: +01:00, +0100, +01 and Z.
_ANY_OFFSET = "%#z"
_ISO_WITH_OFFSET = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
)
_UTC_NAMES = ("UTC", "GMT", "utc", "gmt")
_ISO_UTC = r"([0-9])\s*(?i:UTC|GMT|Z)$"
# AM and PM are no time zones.
_ISO_LETTERS = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
    r"(?:\s*[+-][0-9]{2}:?[0-9]{2})?\s*\[?(?P<letters>[A-Za-z][A-Za-z0-9/_+:-]*)\]?$"
)
_DIRECTIVE = re.compile(r"%(?:%|[-_0]?(?:\.?[0-9]?f|:{0,3}z|#z|.))", re.DOTALL)
_NUMERIC_ZONES = frozenset({"%z", "%:z", "%::z", "%:::z", _ANY_OFFSET})
# Seconds since 1970, and all of RFC 3339.
_INSTANTS = frozenset({"%s", "%+"})
_TIME_ENDS = frozenset("HIkMSfpPTRrXl")
_LITERAL_ZONE = re.compile(r"(\s*)(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})(\s*)")


def polars_form(pattern: str) -> str:
    """Return a strptime pattern as polars spells it: its %f is a number of nanoseconds, Python's a fraction of a second."""
    return pattern.replace(".%f", "%.f").replace("%f", "%6f")


def written_form(pattern: str) -> str:
    """Return the pattern by which polars writes dates that ``pattern`` reads."""
    return polars_form(_with_zone_directive(pattern)).replace(_ANY_OFFSET, "%z")


def tells_offset(pattern: str) -> bool:
    """Return whether dates of a strptime pattern are instants: it has a place for the zone, or names one."""
    return bool(_zones(_with_zone_directive(pattern)))


def _zones(pattern: str) -> set[str]:
    return {"%" + each.lstrip("%-_0") for each in _DIRECTIVE.findall(pattern)} & {
        "%Z",
        *_NUMERIC_ZONES,
        *_INSTANTS,
    }


def _with_zone_directive(pattern: str) -> str:
    """Replace a zone that the pattern names itself, such as the Z of %H:%M:%SZ, by %Z."""
    pieces, end, after_time = [], 0, False
    for match in [*_DIRECTIVE.finditer(pattern), None]:
        literal = pattern[end : match.start() if match else len(pattern)]
        zone = _LITERAL_ZONE.fullmatch(literal) if after_time else None
        pieces.append(f"{zone[1]}%Z{zone[2]}" if zone else literal)
        if match:
            pieces.append(match[0])
            end, after_time = match.end(), match[0][-1] in _TIME_ENDS
    return "".join(pieces)


def parse_instants(text: pl.Expr, pattern: str | None) -> pl.Expr:
    """Parse dates with an offset by ISO 8601, or by a strptime pattern with a place for the zone.

    Args:
        text: Dates as text, without blanks around them.
        pattern: A pattern for which ``tells_offset`` holds; None for ISO 8601.

    Returns:
        Instants (Datetime in us, UTC), null where the text does not match or tells no offset.
    """
    if pattern is None:
        named = text.str.replace(_ISO_UTC, "${1}Z")
        return pl.coalesce(_to_instant(named, form) for form in _ISO_WITH_OFFSET)
    form = polars_form(_with_zone_directive(pattern))
    zones = _zones(form)
    if zones == {"%Z"}:
        return pl.coalesce(
            _to_instant(text, form.replace("%Z", _ANY_OFFSET)),
            *(_to_utc(text, form.replace("%Z", name)) for name in _UTC_NAMES),
        )
    if zones & _INSTANTS:
        # Without a zone, the dtype of %+ depends on the pattern.
        return _to_instant(text, form)
    # A number beside letters, as in +0100 BST, says it all.
    return pl.coalesce(_to_instant(text, form), _to_instant(text, re.sub("%:*z", _ANY_OFFSET, form)))


def has_unknown_zone(text: pl.Expr, pattern: str | None) -> pl.Expr:
    """Return whether dates that cannot be parsed name a time zone in letters.

    Args:
        text: Dates as text, without blanks around them, that neither ``parse_instants`` nor a local format parses.
        pattern: The feed's strptime pattern; None if it has none.
    """
    letters = text.str.extract(_ISO_LETTERS, 1).str.to_uppercase()
    in_iso = letters.is_not_null() & ~letters.is_in(["AM", "PM"])
    form = polars_form(_with_zone_directive(pattern)) if pattern else ""
    if _zones(form) != {"%Z"}:
        return in_iso
    # polars passes over whatever stands in the place of %Z, even nothing.
    without = re.sub(r"\s*%Z", "", form)
    parsed = text.str.to_datetime(form, time_unit="us", strict=False).is_not_null()
    return in_iso | (parsed & text.str.to_datetime(without, time_unit="us", strict=False).is_null())


def _to_instant(text: pl.Expr, form: str) -> pl.Expr:
    return text.str.to_datetime(form, time_unit="us", strict=False, time_zone="UTC")


def _to_utc(text: pl.Expr, form: str) -> pl.Expr:
    return text.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")
