"""The currency of a line: codes and marks that name one, in a column of its own or beside the price.

Codes are those of ISO 4217 that countries use now, and those that were replaced since 2000 (old deliveries have
them). A mark that several currencies are written with, such as the dollar's, names none by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from tasks.ingest.reading import USUAL_MISSING_WORDS
from tasks.ingest.schema import AMOUNTS

_ISO_4217 = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR "
    "LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
    "PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "
    "BYR CUC CYP EEK GHC HRK LTL LVL MRO MTL MZM ROL SIT SKK SLL STD TRL VEB VEF ZMK ZWL"
)
CODES = frozenset(_ISO_4217.split())
_MARKS = {
    "€": "EUR",
    "£": "GBP",
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "R$": "BRL",
    "MX$": "MXN",
    "NT$": "TWD",
    "₹": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "₩": "KRW",
    "₴": "UAH",
    "₪": "ILS",
    "₫": "VND",
    "₱": "PHP",
    "฿": "THB",
    "ZŁ": "PLN",
    "KČ": "CZK",
    "FT": "HUF",
}
# Marks of several currencies: they fit a line whose currency is known to be one of them.
_SHARED = {
    "$": "USD CAD AUD NZD HKD SGD MXN ARS CLP COP TWD BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD UYU DOP",
    "¥": "JPY CNY",
    "KR": "SEK NOK DKK ISK",
    "RS": "INR PKR LKR NPR MUR SCR",
    "R": "ZAR",
}
_CODE_OF = {**{code: code for code in CODES}, **_MARKS}
_FITTING = [f"{mark} {code}" for mark, codes in _SHARED.items() for code in codes.split()]
_WORDS = "|".join(word.replace("$", r"\$") for word in sorted({*_MARKS, *_SHARED}, key=len, reverse=True))
_MARK = rf"(?:{_WORDS}|[A-Z]{{3}})\.?"
_MARKED = (
    rf"(?i)^(?P<sign>[+-]?)\s*(?P<before>{_MARK})?\s*(?P<inner>[+-]?)\s*"
    rf"(?P<number>[0-9.,'\u2019\s]*[0-9][0-9.,'\u2019\s]*?)\s*(?P<after>{_MARK})?$"
)
_PLAIN = r"^[0-9.,+\-]*$"


def parse_currency(text: pl.Expr) -> pl.Expr:
    """Return the ISO 4217 code that each text names, a code or an unambiguous mark; null for any other text.

    Args:
        text: Trimmed text (String).
    """
    return _upper_mark(text).replace_strict(_CODE_OF, default=None, return_dtype=pl.String)


def _upper_mark(text: pl.Expr) -> pl.Expr:
    return text.str.to_uppercase().str.strip_suffix(".")


def has_mark(text: pl.Expr) -> pl.Expr:
    """Return whether each price has more than digits, signs and separators, so that it may tell a currency."""
    return ~text.str.contains(_PLAIN)


def without_mark(text: pl.Expr) -> pl.Expr:
    """Take a mark or code of a currency off each trimmed price, as ``split_marks`` does."""
    sign, number, mark = _parts(text)
    return pl.when(mark.is_not_null()).then(pl.concat_str(sign, number)).otherwise(text)


def _parts(text: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """The sign, number and mark of each price with one mark; the mark is null for any other text."""
    parts = pl.when(has_mark(text)).then(text).str.extract_groups(_MARKED).struct
    sign, before, inner, number, after = (
        parts.field(name) for name in ("sign", "before", "inner", "number", "after")
    )
    is_one = (before.is_null() != after.is_null()) & ((sign == "") | (inner == ""))
    mark = pl.when(is_one.fill_null(False)).then(_upper_mark(pl.coalesce(before, after)))
    return pl.concat_str(sign, inner), number.str.strip_chars(), mark


def split_marks(prices: pl.DataFrame) -> pl.DataFrame:
    """Take a mark or code of a currency off each price.

    Args:
        prices: Column ``text``, trimmed prices such as `$8.00`, `-£1.50`, `8,00 €` and `USD 8.00`.

    Returns:
        The columns ``text`` without the mark, and ``mark``: in upper case, null for a price without one. A text that
        is no number with one mark stays as it is.
    """
    text = pl.col("text")
    if not prices.select(has_mark(text)).to_series().any():
        return prices.select(text, mark=pl.lit(None, pl.String))
    return prices.select(without_mark(text).alias("text"), _parts(text)[2].alias("mark"))


def deliveries_telling(lines: pl.DataFrame, distinct: Mapping[str, pl.Series]) -> set[str]:
    """Return the deliveries of a part in which some line tells its currency, in its column or beside the price.

    Args:
        lines: Columns ``delivery``, those of ``schema.AMOUNTS``, and ``currency`` (text as delivered).
        distinct: The distinct texts of the amounts and the currency.
    """
    marked = {name: _marked(distinct[name]) for name in AMOUNTS if distinct[name].len()}
    codes = distinct["currency"]
    # A word that is no currency is one all the same: the lines without have another than the feed's.
    is_missing = codes.str.strip_chars().str.to_uppercase().is_in(["", *USUAL_MISSING_WORDS])
    told = {
        **{name: texts for name, texts in marked.items() if texts.len()},
        "currency": codes.filter(~is_missing),
    }
    return {
        str(name)
        for column, texts in told.items()
        if texts.len()
        for name in lines.get_column("delivery")
        .filter(lines.get_column(column).is_in(texts.implode()))
        .unique()
    }


def _marked(amounts: pl.Series) -> pl.Series:
    """The amounts that have a mark of one currency beside them, of distinct ones."""
    texts = amounts.to_frame("text")
    marked = texts.filter(has_mark(pl.col("text").str.strip_chars()))
    if not marked.height:
        return amounts.clear()
    marks = split_marks(marked.select(pl.col("text").str.strip_chars())).get_column("mark")
    return marked.get_column("text").filter(_names_one(marks))


def _names_one(texts: pl.Series) -> pl.Series:
    return texts.to_frame("text").select(parse_currency(pl.col("text")).is_not_null()).to_series()


def with_currency(
    lines: pl.DataFrame, currency: str, *, one_only: bool, telling: Collection[str]
) -> pl.DataFrame:
    """Add the currency of each line, and what is wrong with it.

    Args:
        lines: Columns ``delivery``; ``currency_text``, the delivered currency; ``currency_told``, the code it names;
            ``price_mark``, the mark beside its amounts; different ones of a line with a blank between them.
        currency: Currency of the feed, for deliveries that tell none.
        one_only: Whether the feed's lines have this currency only.
        telling: Names of the deliveries that tell a currency on some line.

    Returns:
        The frame with the columns ``currency`` (Enum; null where it is not known) and ``currency_fault`` (String) in
        place of ``currency_told`` and ``price_mark``. The fault is null, ``unknown`` (no code or unambiguous mark),
        ``untold`` (other lines of the delivery tell theirs), ``mark`` (an amount has a mark of another currency) or
        ``other`` (not the feed's, which has one only).
    """
    told, mark, text = pl.col("currency_told"), pl.col("price_mark"), pl.col("currency_text")
    rest = lines.drop("currency_told", "price_mark")
    tells = {
        name: lines.get_column(name).null_count() < lines.height for name in ("currency_text", "price_mark")
    }
    if not telling and not any(tells.values()):
        only = pl.lit(currency, dtype=pl.Enum([currency]))
        return rest.with_columns(only.alias("currency"), currency_fault=pl.lit(None, pl.String))
    of_mark = parse_currency(mark)
    tells_none = ~pl.col("delivery").cast(pl.String).is_in(list(telling))
    code = pl.coalesce(told, of_mark, pl.when(tells_none).then(pl.lit(currency)))
    mark_fits = (of_mark == code) | pl.concat_str(mark, pl.lit(" "), code).is_in(_FITTING)
    fault = (
        pl.when(text.is_not_null() & told.is_null())
        .then(pl.lit("unknown"))
        .when(mark.str.contains(" ", literal=True))
        .then(pl.lit("mark"))
        .when(code.is_null())
        .then(pl.lit("untold"))
        .when(mark.is_not_null() & ~mark_fits.fill_null(False))
        .then(pl.lit("mark"))
        .when(pl.lit(one_only) & (code != currency))
        .then(pl.lit("other"))
    )
    found = lines.select(code=code, currency_fault=fault)
    known = found.select(
        pl.when(pl.col("currency_fault").is_null() | (pl.col("currency_fault") == "other")).then(
            pl.col("code")
        )
    ).to_series()
    codes = pl.Enum(sorted({currency, *known.drop_nulls().unique()}))
    return rest.with_columns(known.cast(codes).alias("currency"), found.get_column("currency_fault"))
