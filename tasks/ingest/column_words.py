"""Words in the names of columns: those that speak of a person, and those that speak of money or of a sale's state.

Closed lists in English, German, French, Spanish, Italian, Dutch, Portuguese and Polish, without accents. A column of
which they say too much is not stored, or warned about; nothing is read by them.
"""

from __future__ import annotations

import itertools
import re
import unicodedata


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Each of them by itself.
_PERSONAL = _set(
    # E-mail, phone
    "email emails mail courriel correo posta phone phones telephone tel telefon telefonnummer telefono telefone telefoon "
    "telefoonnummer mobile mobiltelefon mobil handy handynummer portable movil celular cellulare cell mobiel telemovel "
    "komorka fax "
    # Address
    "address addresses address1 address2 addr adresse anschrift adresse1 adresse2 direccion indirizzo adres endereco morada "
    "street street1 street2 strasse rue calle straat ulica rua hausnummer huisnummer postcode postcodes zip zipcode "
    "plz postleitzahl cep latitude longitude "
    # Names that are a person's in one word
    "firstname lastname surname forename fullname nickname username vorname nachname familienname benutzername kundenname "
    "kaeufername kaufername empfaengername empfangername prenom apellido apellidos cognome voornaam achternaam klantnaam "
    "sobrenome imie nazwisko salutation anrede cardholder karteninhaber kontoinhaber titulaire titular "
    # Birth, numbers of persons and accounts, cards
    "birth birthday birthdate dob geburtsdatum geburtstag naissance nacimiento nascita nascimento geboortedatum urodzenia "
    "iban bic ssn passport passeport pasaporte passaporto reisepass pesel cpf dni nif codicefiscale bsn ausweisnummer "
    "kartennummer kontonummer cvv cvc cardnumber "
    # What people write
    "note notes comment comments message messages remark remarks memo instruction instructions notiz notizen bemerkung "
    "bemerkungen anmerkung anmerkungen kommentar kommentare nachricht hinweis remarque remarques commentaire commentaires "
    "nota notas comentario comentarios mensaje observacion observaciones commento commenti messaggio osservazioni "
    "opmerking opmerkingen notitie bericht observacao observacoes mensagem uwagi uwaga komentarz wiadomosc notatka"
)
# As the end of a word of several, such as shippingaddress and Lieferadresse.
_PERSONAL_ENDS = tuple(
    _set(
        "email phone phonenumber telefon address adresse anschrift adres street strasse straat postcode zipcode firstname "
        "lastname surname vorname nachname voornaam achternaam birthday birthdate geburtsdatum"
    )
)
# Who a column is about: a person's alone, or with a word of a name or a place.
_PARTIES = _set(
    "customer buyer recipient addressee client guest cardholder billing shipping bill ship billto shipto consignee payer "
    "purchaser contact contacts employee staff cashier salesperson clerk waiter server user member delivery "
    "kunde kaeufer kaufer empfaenger "
    "empfanger besteller mitarbeiter verkaeufer verkaufer kassierer kellner ansprechpartner acheteur destinataire "
    "employe caissier vendeur cliente comprador destinatario empleado cajero vendedor acquirente impiegato cassiere klant "
    "koper ontvanger medewerker verkoper funcionario klient kupujacy odbiorca pracownik kasjer sprzedawca rechnung "
    "lieferung livraison facturation entrega envio spedizione consegna fatturazione "
    # Who rang up or served
    "operator bediener operateur serveur serveuse operador camarero operatore cameriere kassier"
)
# Parties that are no person when they stand alone.
_NOT_ALONE = _set(
    "billing shipping bill ship billto shipto delivery rechnung lieferung livraison facturation entrega envio "
    "spedizione consegna fatturazione"
)
_PLACES = _set(
    "city town village county state province region company ort stadt firma ville societe entreprise ciudad provincia "
    "empresa citta comune azienda plaats stad bedrijf cidade miasto"
)
_NAMES = _set("name names nombre nom nome naam namn navn contacts contactos username")
# Of whom or what a name is that is no person's.
_THINGS = _set(
    "product item items lineitem line sku variant variation article service plan menu modifier option price point style "
    "brand category subcategory group class collection department family tag list store shop branch location outlet site "
    "warehouse region country state province city county register till terminal device pos channel marketplace market "
    "platform source campaign coupon discount promotion promo voucher payment method gateway terms carrier courier "
    "shipment tax vat rate duty currency unit size color colour material model type status event file sheet field column "
    "table vendor supplier manufacturer producer publisher project account bundle "
    "produkt artikel ware marke kategorie warengruppe gruppe filiale laden standort land produit magasin boutique marque "
    "categorie pays fournisseur producto articulo tienda sucursal marca categoria pais proveedor prodotto articolo "
    "negozio filial loja produto artigo fornecedor fornitore paese winkel merk leverancier towar sklep marka kategoria kraj"
)
# What tells of a card which one it is; brand and type do not.
_CARD = _set("card karte carte tarjeta carta kaart cartao karta pan")
_CARD_DIGITS = _set(
    "number no nr num digits digit last last4 4 suffix pan holder owner name expiry expiration exp cvc cvv token "
    "fingerprint masked nummer numero numer"
)
_GIFT = _set("gift geschenk cadeau regalo")
_POSTAL = (
    ("post", "code"),
    ("postal", "code"),
    ("code", "postal"),
    ("codigo", "postal"),
    ("codice", "postale"),
)
_PAIRS = (
    *_POSTAL,
    ("e", "mail"),
    ("kod", "pocztowy"),
    ("bank", "account"),
    ("tax", "id"),
    ("tax", "identifier"),
    ("codice", "fiscale"),
    ("ship", "to"),
    ("bill", "to"),
    ("sold", "by"),
    ("served", "by"),
)
# A column of the words before it, not of the person.
_ABOUT = _set("type types typ tipo count status flag verified marketing")
_SLIPS = _set("credit debit gutschrift credito debito")

_MONEY_OR_STATE = _set(
    "amount amounts total totals subtotal sum price prices cost costs cogs discount discounts tax taxes vat gst duties tip "
    "tips gratuity refund refunds refunded fee fees charge charges revenue net gross balance paid profit margin "
    "deposit status state type types void voided cancelled canceled cancellation returned deleted training currency "
    "betrag summe gesamt gesamtbetrag preis kosten rabatt steuer mwst ust umsatzsteuer trinkgeld erstattung gebuehr gebuhr "
    "umsatz netto brutto pfand typ zustand storno storniert waehrung wahrung bezahlt "
    "montant somme prix cout remise taxe tva pourboire remboursement frais statut etat annule annulee devise "
    "importe monto suma precio coste costo descuento impuesto iva propina reembolso estado tipo anulado cancelado moneda "
    "importo totale somma prezzo sconto imposta mancia rimborso stato annullato valuta "
    "bedrag totaal prijs korting belasting btw fooi terugbetaling soort geannuleerd betaald "
    "valor montante soma preco custo desconto imposto gorjeta moeda "
    "kwota cena koszt rabat podatek napiwek zwrot stan anulowano anulowany waluta"
)
_CURRENCIES = _set("currency waehrung wahrung devise moneda valuta moeda waluta")

# What a column holds that has a word of money or state, and changes no sum all the same: by its last word, ...
_NO_SUMS = _set(
    "name names code codes rate rates percentage percent pct model party exempt option designation description number no id "
    "ids reason method level satz prozent grund taux motif motivo"
)
# ... by words of a day beside one of money, ...
_DAYS = _set("date dates at on day datum tag jour fecha dia giorno dag data")
_SETTLED = _set(
    "paid void voided cancelled canceled cancellation refunded returned deleted storno storniert bezahlt annule annulee anulado "
    "cancelado annullato geannuleerd betaald anulowano"
)
# ... as a type of anything but a sale, an address's state, the state of anything but a sale, ...
_TYPES = _set("type types typ tipo soort")
_OF_SALES = _set(
    "current sale sales order payment financial transaction receipt invoice ticket line item event document doc row entry record amount "
    "movement operation gv bon beleg vorgang buchung verkauf venta vente vendita verkoop venda linea ligne riga rij"
)
_REGIONS = _set("state")
_STATUSES = _set("status statut")
_OF_OTHERS = _set(
    "fulfillment fulfilment courier carrier delivery shipping shipment tracking stock inventory email marketing customer buyer "
    "account tax membership subscription lieferstatus versand kunde client cliente"
)
# ... or as the sum of what is no money.
_SUMS = _set("total totals sum gross net summe gesamt netto brutto")
_NO_MONEY = _set("quantity qty items pieces units count weight menge anzahl stueck gewicht poids peso")
# What the name of a column of ours speaks of, in the words of a file's: for what is proposed to people.
_CODES = _set(
    "id ids no nr num number numbers nummer numero numer code codes ref reference key sku ean upc gtin barcode plu asin isbn "
    "invoice order receipt ticket bill rechnung beleg bestellung facture commande factura pedido fattura ordine factuur fatura "
    "faktura"
)
_OTHER_CODES = _set("iso currency zip post postal region country hs promo coupon voucher tracking")
_GOODS = _set(
    "name names nombre nom nome naam nazwa description title item product article bezeichnung beschreibung artikel produkt "
    "titre produit descripcion producto articulo descrizione prodotto omschrijving descricao produto opis"
)
_NOT_GOODS = _set(
    "device location store shop channel category vendor supplier brand method service payment coupon status type tax code id "
    "sku number"
)
_PIECES = _set(
    "quantity qty menge quantite cantidad quantita aantal hoeveelheid quantidade ilosc pieces pcs units anzahl stueck stuck"
)
_TIMES = _set(
    "date dates time datetime timestamp at on day created datum zeit tag jour heure fecha hora dia giorno ora dag tijd data "
    "dzien godzina"
)
_PRICES = _set("price prices preis prix precio prezzo prijs preco cena")
_OTHER_PRICES = _set(
    "discount discounts tax vat shipping cost costs refund refunds fee fees tip tips total compare list msrp rrp point rule "
    "rabatt steuer kosten versand remise taxe descuento impuesto sconto imposta korting belasting desconto"
)
_COUNTRIES = _set("country land pays pais paese kraj")
_SPOKEN_OF: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    # Words of which the name has one, and words of which it has none.
    "invoice_no": (
        _CODES,
        _OTHER_CODES
        | _set(
            "date time item line product article shipment shipping payment device channel customer store shop"
        ),
    ),
    "stock_code": (
        _CODES,
        _OTHER_CODES
        | _set(
            "date time order invoice receipt transaction payment line shipment channel country customer store shop"
        ),
    ),
    "description": (_GOODS, _NOT_GOODS),
    "quantity": (_PIECES, _set("price unit")),
    "invoice_date": (_TIMES, _set("id number code ref reference status channel")),
    "unit_price": (_PRICES, _OTHER_PRICES),
    "customer_id": (
        _CODES - _set("order invoice receipt ticket bill sku ean upc gtin barcode plu asin isbn"),
        _OTHER_CODES | _set("date time item product article order payment transaction store shop device"),
    ),
    "country": (_COUNTRIES, frozenset()),
}

_LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "đ": "d"}
)
_CASE_CHANGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z0-9]+")


def words_of(name: str) -> tuple[str, ...]:
    """Split the name of a column into words: lower case, without accents; `ShipStreet` and `ship-street` have two."""
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return tuple(_WORD.findall(_CASE_CHANGE.sub(" ", plain).lower()))


def speaks_of_person(name: str) -> bool:
    """Return whether the name of a column speaks of a person.

    A name is a person's unless a word says what else it names (`Product Name`, `Store Name`); of a card, the brand and
    type are not; a type or status is not that of the person whose column it stands beside (`Address Type`).
    """
    words = words_of(name)
    if not words or words[-1] in _ABOUT:
        return False
    found = frozenset(words)
    if found & _SLIPS and found & {"note", "notes", "nota", "notas"}:  # a document, not what people write
        return False
    is_card = found & _CARD and not found & _GIFT and (len(words) == 1 or found & _CARD_DIGITS)
    is_party = found & _PARTIES and (found <= _PARTIES - _NOT_ALONE or found & _PLACES)
    is_name = found & _NAMES and (found & _PARTIES or not found & _THINGS)
    return bool(
        _PERSONAL.intersection((*words, "".join(words)))
        or (any(pair in _PAIRS for pair in itertools.pairwise(words)) and not found & _COUNTRIES)
        or any(word.endswith(_PERSONAL_ENDS) for word in (*words, "".join(words)))
        or is_card
        or is_party
        or is_name
        or any(map(_is_joined_party, words))
    )


def _is_joined_party(word: str) -> bool:
    """Whether a word is a party and a name written as one, such as customername."""
    return any(word.endswith(name) and word.removesuffix(name) in _PARTIES for name in _NAMES)


def speaks_of_money_or_state(name: str) -> bool:
    """Return whether the name of a column speaks of money, or of the kind or state of a sale: it may change every sum.

    The state of an address, the type of a customer and the rate of a tax change none.
    """
    words = words_of(name)
    found, all_words = _money_or_state(words), frozenset(words)
    if not found:
        return words == ("sales",)  # a sales channel is none
    # A currency is told by its code or name, too.
    if (words[-1] in _NO_SUMS and found.isdisjoint(_CURRENCIES)) or (
        all_words & _DAYS and not found & _SETTLED
    ):
        return False
    if found <= _TYPES:
        return all_words - _TYPES <= _OF_SALES - {"payment"}  # cash or a card
    if found <= _REGIONS:
        return bool(all_words & _OF_SALES)
    if found <= _STATUSES:
        return not all_words & _OF_OTHERS
    return not (found <= _SUMS and all_words & _NO_MONEY)


def speaks_of_currency(name: str) -> bool:
    """Return whether the name of a column is that of a currency."""
    return not _CURRENCIES.isdisjoint(words_of(name))


def _money_or_state(words: tuple[str, ...]) -> frozenset[str]:
    return _MONEY_OR_STATE.intersection((*words, "".join(words)))


def may_be(name: str, ours: str, *, is_misspelt: bool = False) -> bool:
    """Return whether a column of a file may be one of ours, by its words: no proposal takes a discount for a code.

    Args:
        name: Name of the file's column.
        ours: Our column.
        is_misspelt: Whether the name is one of ours but for a letter or two, so that its words may be none.
    """
    words = words_of(name)
    if speaks_of_person(name) or (ours != "unit_price" and _money_or_state(words)):
        return False
    needed, strange = _SPOKEN_OF[ours]
    return (is_misspelt or not needed.isdisjoint(words)) and strange.isdisjoint(words)
