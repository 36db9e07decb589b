"""The locale of a scratch database: the backup's, where the server has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasks.postgres.queries import inlined

_BUILTIN_SINCE = 17
_RULES_SINCE = 16
# Every operating system has it; where another provider sorts, nothing depends on it.
_BYTES = "lc_collate 'C' lc_ctype 'C'"


@dataclass(frozen=True)
class LocaleClause:
    """A choice of locale.

    Attributes:
        sql: For CREATE DATABASE; empty if this major version has nothing of the kind.
        needs: What the server lacks if it refuses; empty for a choice that every server has.
    """

    sql: str
    needs: str


def locale_clauses(locale: Mapping[str, str], major: int) -> Iterator[LocaleClause]:
    """Yield the backup's locale, then one that every server has: rows and objects can be compared in it too.

    Args:
        locale: As in the manifest.
        major: Major version of the server.
    """
    encoding = inlined("encoding $1", locale["encoding"])
    yield _own(locale, encoding, major)
    yield LocaleClause(f"{encoding} {_BYTES} locale_provider libc", "")


def _own(locale: Mapping[str, str], encoding: str, major: int) -> LocaleClause:
    provider, name = locale["provider"], locale["locale"]
    if provider == "libc":
        libc = inlined(" lc_collate $1 lc_ctype $2 locale_provider libc", locale["collate"], locale["ctype"])
        return LocaleClause(encoding + libc, f"the locale {locale['collate']}")
    if provider == "icu":
        rules = inlined(" icu_rules $1", locale["icu_rules"]) if locale["icu_rules"] else ""
        icu = inlined(f" {_BYTES} locale_provider icu icu_locale $1", name) + rules
        return LocaleClause(encoding + icu if major >= _RULES_SINCE or not rules else "", "ICU")
    builtin = inlined(f" {_BYTES} locale_provider builtin builtin_locale $1", name)
    return LocaleClause(
        encoding + builtin if major >= _BUILTIN_SINCE else "",
        f"the locale {name} of Postgres {_BUILTIN_SINCE} or newer",
    )
