"""Names of columns that speak of a person, of money or of a sale's state."""

from __future__ import annotations

import pytest

from tasks.ingest.column_words import speaks_of_money_or_state, speaks_of_person

PERSONS = {
    "English": "Billing Name|Ship-Street|Email|E-Mail|email_address|Phone|Name|Customer Name|customername|CUSTOMERNAME|"
    "shipToName|ShippingAddress1|Buyer|Buyer Username|Recipient|First Name (Billing)|Address 1&2 (Billing)|City (Billing)|"
    "ship-city|ship-postal-code|Postal Code|Ship Zipcode|Customer Note|Notes|Note Attributes|Comment|Gift message|"
    "PAN Suffix|Card Number|Card last 4|Cardholder Name|IBAN|Date of Birth|Employee|Order Employee Name|Cashier name|"
    "Customer contacts|Customer|Shipping Company",
    "German": "Kundenname|Vorname|Lieferadresse|Straße|PLZ|Telefonnummer|Empfänger|Bemerkung|Geburtsdatum|Käufer",
    "French": "Prénom|Nom|Nom du client|Adresse de livraison|Code postal|Téléphone|Remarque|Destinataire",
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
    "Shipping|Billing Country|ship-country|Till|Discount|Cost|VAT|Notebook|Status|Category|Location|Vendor|Tags|Barcode|"
    "Produktname|Filiale|Nombre del producto|Nome prodotto|Nom du produit|Employee ID|shipping-price|Token|Weight|Unit"
)
MONEY_OR_STATE = (
    "Amount|Total|Net Sales|Sales|Discount|Tax|VAT|Tip|Refunded Amount|Status|order-status|Line Type|State|Void?|"
    "Cancelled at|Betrag|Rabatt|MwSt|Storno|Trinkgeld|Montant|Remise|TVA|Statut|Importe|Descuento|Estado|Importo|Sconto|"
    "Bedrag|Korting|Desconto|Kwota|Rabat|Zwrot"
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


@pytest.mark.parametrize("name", ["Store", "Sales Channel", "Weight", "Stateroom", "Taxi", "Brand"])
def test_other_names_are_neither_money_nor_state(name: str) -> None:
    assert not speaks_of_money_or_state(name)
