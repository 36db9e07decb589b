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


LIGHTSPEED = (
    "Date;Receipt Number;Line Type;Customer Code;Quantity;Subtotal;Sales Tax;Discount;Status;Sku",
    "2026-03-02 10:15:00;1001;Sale;C-17;3;36,00;5,40;-2,00;CLOSED;",
    "2026-03-02 10:15:00;1001;Sale Line;;3;36,00;5,40;0,00;CLOSED;MUG",
    "2026-03-02 10:15:00;1001;Payment;;;;;;CLOSED;",
    "2026-03-02 11:15:00;1002;Sale Line;;3;36,00;5,40;0,00;VOIDED;MUG",
)


def _uncommented(proposal: Proposal) -> dict[str, Any]:
    """The proposal with its hints taken."""
    hints = proposal.toml[proposal.toml.index("\n# [") :]
    return tomllib.loads(
        "\n".join(line.removeprefix("# ") for line in hints.splitlines() if "Words of" not in line)
    )


def test_columns_that_may_change_every_sum_are_pointed_out() -> None:
    proposal = _proposal(*LIGHTSPEED)
    assert "words" not in _content(proposal)
    hints = _uncommented(proposal)
    assert hints["words"] == {"Line Type": ["Sale", "Sale Line", "Payment"], "Status": ["CLOSED", "VOIDED"]}
    assert hints["rows"] == {"none": {"Line Type": ["…"]}}
    assert hints["fill"] == {"key": ["Receipt Number"], "columns": ["Customer Code"]}
    assert hints["line"]["measures"] == {
        "discount": {"column": "Discount", "sign": "negative"},
        "tax": {"column": "Sales Tax"},
    }
    assert proposal.untold == ("currency", "timezone")


def test_what_only_the_first_row_of_an_order_tells_is_to_be_filled_down() -> None:
    proposal = _proposal(
        "Order Ref;Date;Status;Customer;Order Lines/Product;Order Lines/Quantity;Order Lines/Discount (%)",
        "Shop/1;2026-04-01 08:15:22+00:00;Paid;Ann Lee;Cabinet;2;0.00",
        ";;;;Screen;1;10.00",
        "Shop/2;2026-04-01 09:15:22+00:00;Cancelled;;Lamp;1;0.00",
    )
    hints = _uncommented(proposal)
    assert hints["fill"] == {"key": ["Order Ref"], "columns": ["Order Ref", "Date", "Status"]}
    assert "Ann Lee" not in proposal.toml
    assert "measures" not in hints.get("line", {})
    assert proposal.untold == ("currency",)


def test_columns_in_another_language_are_named_where_their_words_are_known() -> None:
    proposal = _proposal(
        "Datum;Typ;Beleg;Menge;Beschreibung;Sku;Währung;Preis (brutto)",
        "15.03.2026, 11:53;Umsatz;T1;2;Espresso;E1;CHF;9,00",
        "15.03.2026, 12:53;Rückerstattung;T2;2;Espresso;E1;CHF;-1.250,00",
    )
    assert proposal.undecided == (
        'InvoiceNo; perhaps "Beleg"',
        'Quantity; perhaps "Menge"',
        'InvoiceDate; most similar: "Datum"',
        'UnitPrice; perhaps "Preis (brutto)"',
    )
    assert _content(proposal)["line"]["currency"] == "Währung"
    assert _content(proposal)["read"] == {"decimal": ","}
    assert _content(proposal)["line"]["time"] == {"formats": ["%d.%m.%Y, %H:%M"]}
    assert '# "Typ" = ["Umsatz", "Rückerstattung"]' in proposal.toml
    assert proposal.untold == ("timezone",)


def test_no_code_is_taken_for_a_stock_code() -> None:
    proposal = _proposal("id_order;product_reference;iso_code;Discount Code", "1;M;EUR;X")
    assert 'perhaps "product_reference"' in proposal.toml
    assert "iso_code" not in proposal.toml
    assert "Discount Code" not in proposal.toml


def test_what_the_file_does_not_tell_is_asked_by_its_mapping() -> None:
    till = _proposal("Beleg;Zeit;Artikel;Menge;Preis", "1;08.10.2026 09:15;A;1;1,50")
    assert till.untold == ("currency", "timezone")
    assert set(load_mapping(_filled(till)).ask) == {"currency", "timezone"}
    shop = _proposal(
        "Order No;Sale Date;SKU;Qty;Price Each;Order Currency Code", "1;2026-10-08 09:15Z;A;1;1.50;EUR"
    )
    assert shop.untold == ()
    assert "ask" not in _content(shop)
    assert _content(shop)["line"]["currency"] == "Order Currency Code"
    two = _proposal("Order No;Sale Date;SKU;Devise;Waluta", "1;2026-10-08 09:15Z;A;EUR;PLN")
    assert '# currency = "Devise"  # may stay out; one of "Devise", "Waluta"' in two.toml


def _filled(proposal: Proposal) -> str:
    """The proposal with what is needed."""
    needed = {
        "# invoice": "Beleg",
        "# code": "Artikel",
        "# quantity": "Menge",
        "# columns": "Zeit",
        "# piece": "Preis",
    }
    lines = [
        f'{key[2:]} = "{needed[key]}"' if (key := line.partition(" =")[0]) in needed else line
        for line in proposal.toml.splitlines()
    ]
    return "\n".join(lines)


def test_shares_are_no_amounts_and_a_day_has_its_time_in_other_languages() -> None:
    proposal = _proposal(
        "Datum;Uhrzeit;Bon;Gesamt;MwSt;Item Tax Rate;Shipping Cost (inc tax)",
        "08.10.2026;09:15;1;3,50 €;7 %;0,07;1,00",
    )
    content = _content(proposal)
    assert content["line"]["amount"] == {"marks": ["€"]}
    assert content["line"]["time"] == {"formats": ["%d.%m.%Y %H:%M"]}
    assert 'most similar: "Datum", "Uhrzeit"' in proposal.toml
    assert "Item Tax Rate" not in proposal.toml
    assert "inc tax" not in proposal.toml


def test_the_command_takes_a_currency_that_no_usual_name_tells() -> None:
    names = ["increment_id", "SKU", "Item Name", "Qty", "created_at", "price", "customer_id", "country"]
    told = "--column increment_id=InvoiceNo"
    with pytest.raises(UnknownHeader) as raised:
        match_header([*names, "order_currency_code"], "items.csv")
    assert f"{told} --column order_currency_code=Currency" in str(raised.value)
    for more in (["Currency", "base_currency"], ["base_currency", "order_currency_code"]):
        with pytest.raises(UnknownHeader) as raised:
            match_header([*names, *more], "items.csv")
        assert told in str(raised.value)
        assert "=Currency" not in str(raised.value)
