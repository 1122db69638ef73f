"""What shops call their columns, in their languages: whole words, the more telling first, and words that rule out."""

import re
import unicodedata

NAMES = {  # our name to theirs; a word is never looked for inside another
    "customer_id": "customer_id customer_number customer_no customer_nr customer_code cust_id cust client_id "
    "client_number client_no kunden_nummer kundennummer kundennr kunden_nr kunden_id kdnr debitor debitoren_nummer "
    "debitorennummer debitor_nr debitorennr debtor member_id member_number member user_id user buyer_id buyer "
    "account_id account_number shopper_id shopper person_id clientnum household household_key msno profile_id "
    "customer client kunde kundin cliente klant klantnummer klant_nr id_client id_cliente numero_client code_client "
    "codice_cliente numero_cliente cod_cliente acheteur comprador acquirente "
    "email e_mail email_address customer_email "
    "billing_email mail courriel correo correo_electronico account subscriber_id subscriber guest_id patron_id uid "
    "contact_id id",
    "ordered_at": "ordered_at order_date order_datetime invoice_date purchase_date transaction_date created_at "
    "order_purchase_timestamp timestamp date_time datetime bestelldatum kaufdatum rechnungsdatum auftragsdatum "
    "belegdatum buchungsdatum umsatzdatum date_de_commande date_commande date_achat date_facture fecha_de_compra "
    "fecha_pedido fecha data_ordine data_acquisto data_do_pedido data_pedido data_compra orderdatum besteldatum "
    "aankoopdatum factuurdatum datum sale_date payment_date booking_date date_created created order_time day date data "
    "jour dia giorno time when paid_at",
    "order_id": "order_id order_number order_no order_nr invoice_no invoice_id invoice_number invoice_nr "
    "transaction_id receipt_id receipt_no basket_id bestellnummer bestellnr auftragsnummer auftragsnr "
    "rechnungsnummer belegnummer belegnr bon_nr bon n_de_commande numero_de_commande num_commande commande_id commande "
    "facture numero_pedido pedido_id pedido numero_ordine ordine bestelnummer ordernummer factuurnummer factuur "
    "factura fattura invoice receipt basket rechnung beleg order transaction ticket",
    "product_id": "product_id stock_code sku item_id item_no item_number article_id article_no artikel_nummer "
    "artikelnummer artikelnr product_code product_no product_sku asin upc ean isbn gtin reference ref codigo_producto "
    "codice_prodotto codice_articolo produto_id material article artikel articolo producto produto prodotto produit "
    "product item",
    "quantity": "quantity qty units pieces menge anzahl stueck stuck stueckzahl stuckzahl number_of_cds "
    "number_of_items item_count quantite qte cantidad quantita aantal quantidade qtd count",
    "unit_price": "unit_price price price_each item_price preis einzelpreis stueckpreis stuckpreis unit_cost prix "
    "prix_unitaire precio precio_unitario prezzo prezzo_unitario prijs stukprijs preco preco_unitario",
    "amount": "amount line_amount line_total total_amount order_amount order_total order_value revenue sales "
    "sales_amount dollar_value net_amount gross_amount amount_paid payment_value umsatz betrag gesamtbetrag "
    "rechnungsbetrag gesamtpreis zeilensumme montant montant_ttc montant_total importe importe_total importo "
    "importo_totale bedrag totaalbedrag omzet valor valor_total chiffre_affaires total turnover value spend subtotal "
    "summe totale",
    "description": "description product_name item_name product_description bezeichnung artikelbezeichnung artikelname "
    "designation descripcion descrizione omschrijving descricao title",
    "country": "country land nation country_code ship_country shipping_country billing_country pais paese pays "
    "customer_country market",
}
AGAINST = {  # words beside a known one that make something else of it
    "customer_id": "type name status segment group since until date time expire expires expiry expiration count "
    "score city state country zip age gender note notes phone address street marketing tier level class plan amount "
    "order invoice item product payment transaction currency balance",
    "ordered_at": "expire expires expiry expiration birth birthday dob geburt due ship shipped shipping delivery "
    "delivered estimated fulfilled updated modified cancelled canceled refunded refund end ended ends valid until "
    "signup registration registered since membership approved carrier return returned zone format last first",
    "order_id": "date time status type total amount count value discount currency note notes line item "
    "payment reference",
    "product_id": "name category type price count description status group",
    "quantity": "discount total amount price tax refund refunded value days return returned",
    "unit_price": "discount list compare old total tax shipping currency plan regular original sale",
    "amount": "discount refund refunded tax taxes vat mwst ust iva tva btw shipping versand fee fees tip tips balance "
    "outstanding cost currency compare count weight quantity date id type status items",
    "description": "category type",
    "country": "phone",
}
FEWEST = ("description", "country")  # named exactly, or not at all
SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}


def ascii_text(text: str) -> str:
    """The text in plain letters: ae for ä, and e for é."""
    text = "".join(SPELLED.get(c, c) for c in unicodedata.normalize("NFC", text))
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def words(name: str) -> list[str]:
    """The words of a column's name in lower case without accents: ``OrderID``, ``order-id`` and ``Order Id`` alike."""
    text = ascii_text(str(name))
    text = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3 \2", text)
    return re.findall(r"[a-z0-9]+", text.lower())


def name_score(name: str, ours: str) -> float:
    """2 for a known name, less further down the list, up to 1 for one that has it among its words, else 0."""
    own = words(name)
    joined, known = "".join(own), [one.split("_") for one in NAMES[ours].split()]
    exact = next((place for place, one in enumerate(known) if joined == "".join(one)), None)
    if exact is not None:
        return 2 - exact / 100
    if ours in FEWEST or set(own) & set(AGAINST[ours].split()):
        return 0
    part = next((n for n, one in enumerate(known) if _within(one, own) and len("".join(one)) > 2), None)
    return 0 if part is None else 1 - part / 200


def _within(one: list[str], own: list[str]) -> bool:
    return any(own[n : n + len(one)] == one for n in range(len(own) - len(one) + 1))


def ruled_out(name: str, ours: str) -> bool:
    """Whether a word of a name says that it is something else."""
    return not name_score(name, ours) and bool(set(words(name)) & set(AGAINST[ours].split()))
