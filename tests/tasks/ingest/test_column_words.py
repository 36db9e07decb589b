"""Names of columns that speak of a person, of money or of a sale's state."""

from __future__ import annotations

import pytest

from tasks.ingest.column_words import may_be, speaks_of_money_or_state, speaks_of_person
from tests.support.export_headers import WITH_PRESET, WITHOUT_LINES, WITHOUT_PRESET

PERSONS = {
    "English": "Billing Name|Ship-Street|Email|E-Mail|email_address|Phone|Name|Customer Name|customername|CUSTOMERNAME|"
    "shipToName|ShippingAddress1|Buyer|Buyer Username|Recipient|First Name (Billing)|Address 1&2 (Billing)|City (Billing)|"
    "ship-city|ship-postal-code|Postal Code|Ship Zipcode|Customer Note|Notes|Note Attributes|Comment|Gift message|"
    "PAN Suffix|Card Number|Card last 4|Cardholder Name|IBAN|Date of Birth|Employee|Order Employee Name|Cashier name|"
    "Customer contacts|Customer|Shipping Company|Delivery City|Staff|Server|Sold by|"
    "Operator|Ship To Name|Ship To City|Buyer Tax Identifier Value",
    "German": "Kundenname|Vorname|Lieferadresse|Straße|PLZ|Telefonnummer|Empfänger|Bemerkung|Geburtsdatum|Käufer|Bediener|Bedienername",
    "French": "Prénom|Nom|Nom du client|Adresse de livraison|Code postal|Téléphone|Remarque|Destinataire|Serveur",
    "Spanish": "Nombre|Apellidos|Correo electrónico|Dirección|Código Postal|Teléfono|Observaciones|Comprador",
    "Italian": "Nome|Cognome|Indirizzo|Telefono|Codice fiscale|Messaggio",
    "Dutch": "Naam|Straat|Achternaam|Telefoon|Geboortedatum|Opmerkingen",
    "Portuguese": "Nome do cliente|Endereço|Morada|Telemóvel|CPF|Comentário",
    "Polish": "Imię|Nazwisko|Ulica|Kod pocztowy|Uwagi|Odbiorca",
}
NO_PERSONS = (
    "Product Name|Item Name|Store Name|Card Brand|Card Type|Lineitem name|Price Point Name|Device Name|marketplace-name|"
    "Tax 1 Name|Payment Terms Name|Channel Name|Store|City|State|Region|Segment|Customer Type|Customer Segment|Customer ID|"
    "VAT Paid by Buyer|address-type|Credit Note|Gift Card Sales|Gift Card Number|Shipping Method|Ship Mode|Ship Date|"
    "Shipping|Delivery|Delivery method|Delivery Country|Ship To Country|Bill-to Country|Operator ID|"
    "Billing Country|ship-country|Till|Discount|Cost|VAT|Notebook|Status|Category|Location|Vendor|Tags|Barcode|"
    "Produktname|Filiale|Nombre del producto|Nome prodotto|Nom du produit|Employee ID|shipping-price|Token|Weight|Unit"
)
MONEY_OR_STATE = (
    "Amount|Total|Net Sales|Sales|Discount|Tax|VAT|Tip|Refunded Amount|Status|order-status|"
    "Financial Status|Payment Status|Order Payment State|Line Type|Type|Event Type|Void?|Item Total|Tax 1 Value|Paid at|"
    "Cancelled at|Betrag|Rabatt|MwSt|Storno|Trinkgeld|Montant|Remise|TVA|Statut|Importe|Descuento|Estado|Importo|Sconto|"
    "Bedrag|Korting|Desconto|Kwota|Rabat|Zwrot|order_currency_code|Currency Name"
)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, id=f"{language} {name}")
        for language, names in PERSONS.items()
        for name in names.split("|")
    ],
)
def test_name_of_a_person_is_recognised(name: str) -> None:
    assert speaks_of_person(name)


@pytest.mark.parametrize("name", NO_PERSONS.split("|"))
def test_name_of_a_thing_is_no_persons(name: str) -> None:
    assert not speaks_of_person(name)


@pytest.mark.parametrize("name", MONEY_OR_STATE.split("|"))
def test_money_and_state_are_recognised(name: str) -> None:
    assert speaks_of_money_or_state(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Store", "Sales Channel", "Weight", "Stateroom", "Taxi", "Brand"),
        # An address, a person, a parcel, a way to pay: no sum changes.
        *(
            "State",
            "State Code (Billing)",
            "Customer Type",
            "address-type",
            "Channel Type",
            "Payment Type",
            "Card Type",
        ),
        *("Fulfillment Status", "Courier Status", "Customer Status", "deposit-date"),
        *(
            "Tax 1 Name",
            "Discount Code",
            "Tax rate",
            "gross margin percentage",
            "Tax Exempt",
            "Price Point Name",
        ),
        *("Total Quantity", "Net Weight"),
    ],
)
def test_other_names_are_neither_money_nor_state(name: str) -> None:
    assert not speaks_of_money_or_state(name)


@pytest.mark.parametrize(
    "header",
    [*(header for header, _ in (*WITH_PRESET.values(), *WITHOUT_LINES.values())), *WITHOUT_PRESET.values()],
    ids=[*WITH_PRESET, *WITHOUT_LINES, *WITHOUT_PRESET],
)
def test_in_known_exports_only_what_changes_sums_speaks_of_money_or_state(header: str) -> None:
    telling = {name.lower() for name in header.split(",") if speaks_of_money_or_state(name)}
    assert not telling & {
        *(
            "state",
            "customer type",
            "address-type",
            "payment type",
            "other tender type",
            "tax 1 name",
            "discount code",
        ),
        *("fulfillment status", "lineitem fulfillment status", "price point name", "itemization type"),
    }
    states = (
        "financial status",
        "order status",
        "order-status",
        "status",
        "type",
        "event type",
        "receipt type",
    )
    assert {name for name in states if name in header.lower().split(",")} <= telling


@pytest.mark.parametrize("ours", ["invoice_no", "stock_code", "customer_id"])
@pytest.mark.parametrize(
    "name",
    [
        "Discount Code",
        "Coupon discount no",
        "Customer Name",
        "Customer Note",
        "Billing Phone",
        "Order Date",
        "Tax ID",
    ],
)
def test_no_code_is_proposed_of_money_a_person_or_a_day(name: str, ours: str) -> None:
    assert not may_be(name, ours)
    assert not may_be(name, ours, is_misspelt=True)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("Lineitem sku", "stock_code"),
        ("Order Ref", "invoice_no"),
        ("Customer Code", "customer_id"),
        ("Lineitem price", "unit_price"),
        ("posted-date", "invoice_date"),
        ("Ship Country", "country"),
        ("quantity-shipped", "quantity"),
        ("product-name", "description"),
    ],
)
def test_names_that_may_be_ours(name: str, ours: str) -> None:
    assert may_be(name, ours)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("Count", "country"),
        ("Unit", "unit_price"),
        ("Transaction ID", "invoice_date"),
        ("Device Name", "description"),
    ],
)
def test_names_that_are_merely_spelt_alike(name: str, ours: str) -> None:
    assert not may_be(name, ours)
