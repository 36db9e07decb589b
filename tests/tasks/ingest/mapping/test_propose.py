"""A proposed mapping takes from names and first values what they tell, and leaves the rest to people."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from tasks.errors import UnknownHeader
from tasks.ingest.header import match_header
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.mapping.propose import Proposal, propose


def _proposal(header: str, *rows: str) -> Proposal:
    return propose(header.split(";"), 1, "till.csv", [row.split(";") for row in rows])


def _content(proposal: Proposal) -> dict[str, Any]:
    return tomllib.loads(proposal.toml)


def test_first_values_tell_decimal_mark_marks_and_format() -> None:
    proposal = _proposal(
        "Order No;Date;Time;SKU;Qty;Price Each;Branch",
        "1;15.03.2026;11:53;A;1;1.250,00 €;North",
        "2;01.03.2026;11:54;B;2;3,50 €;South",
    )
    mapping = load_mapping(proposal.toml)
    assert proposal.undecided == ()
    assert mapping.notation.decimal == ","
    assert mapping.line.marks == ("€",)
    assert mapping.line.columns["invoice_date"] == ("Date", "Time")
    assert mapping.line.time.formats == ("%d.%m.%Y %H:%M",)
    assert '# store = "Branch"  # may stay out' in proposal.toml


def test_what_two_readings_fit_is_left_open() -> None:
    proposal = _proposal("Order No;Sale Date;SKU;Qty;Gross Sales;Net Sales", "1;03-04-2026;A;1;$1;$1")
    assert "formats" not in _content(proposal)["line"]["time"]
    assert '# formats = ["%d-%m-%Y"]  # or "%m-%d-%Y"' in proposal.toml
    assert proposal.undecided == ("InvoiceDate: %d-%m-%Y or %m-%d-%Y", "UnitPrice")
    assert (
        '# line = "Gross Sales"  # the amount of the line, in place of piece; one of "Gross Sales", "Net Sales"'
        in (proposal.toml)
    )
    assert _content(proposal)["line"]["amount"] == {"marks": ["$"]}


def test_what_the_feed_reads_itself_needs_no_key() -> None:
    proposal = _proposal("Order No;Sale Date;SKU;Qty;Price Each", "1;3/4/2026 11:00;A;1;1.25")
    content = _content(proposal)
    assert content["line"]["time"] == {"columns": ["Sale Date"]}
    assert content["line"]["amount"] == {"piece": "Price Each"}
    assert "read" not in content


def test_no_command_takes_amounts_of_lines_for_prices_or_discounts_for_countries() -> None:
    names = ["Order Id", "SKU", "Qty", "Order Date", "Gross Price", "Discount", "Net Price", "Dining Option"]
    with pytest.raises(UnknownHeader) as raised:
        match_header(names, "items of today.csv")
    message = str(raised.value)
    assert "most similar: 'Net Price'" in message
    assert "similar: 'Discount'" not in message
    assert "--column" not in message
    assert "retail map 'items of today.csv' > my.toml" in message
