"""Headers of exports as shop systems, tills and public data sets write them."""

from __future__ import annotations

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,Billing Zip,"
    "Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,Shipping Address1,Shipping Address2,"
    "Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,"
    "Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,"
    "Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,"
    "Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,"
    "Billing Province Name,Shipping Province Name,Payment ID,Payment Terms Name,Next Payment Due At,Payment References"
)
SQUARE = (
    "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,Net Sales,Tax,"
    "Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Dining Option,Customer ID,Customer Name,"
    "Customer Reference ID,Unit,Count,GTIN,Itemization Type,Commission,Employee,Fulfillment Note,Channel,Token,"
    "Card Brand,PAN Suffix"
)
WOOCOMMERCE = (
    "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),Company (Billing),"
    "Address 1&2 (Billing),City (Billing),State Code (Billing),Postcode (Billing),Country Code (Billing),"
    "Email (Billing),Phone (Billing),First Name (Shipping),Last Name (Shipping),Address 1&2 (Shipping),City (Shipping),"
    "State Code (Shipping),Postcode (Shipping),Country Code (Shipping),Payment Method Title,Cart Discount Amount,"
    "Order Subtotal Amount,Shipping Method Title,Order Shipping Amount,Order Refund Amount,Order Total Amount,"
    "Order Total Tax Amount,SKU,Item #,Item Name,Quantity (- Refund),Item Cost,Coupon Code,Discount Amount,"
    "Discount Amount Tax"
)
AMAZON = (
    "amazon-order-id,merchant-order-id,purchase-date,last-updated-date,order-status,fulfillment-channel,sales-channel,"
    "order-channel,ship-service-level,product-name,sku,asin,item-status,quantity,currency,item-price,item-tax,"
    "shipping-price,shipping-tax,gift-wrap-price,gift-wrap-tax,item-promotion-discount,ship-promotion-discount,"
    "ship-city,ship-state,ship-postal-code,ship-country,promotion-ids,is-business-order,purchase-order-number,"
    "price-designation"
)
DSFINVK = (
    "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;BON_ID;POS_ZEILE;GUTSCHEIN_NR;ARTIKELTEXT;POS_TERMINAL_ID;GV_TYP;ART_NR;GTIN;MENGE;"
    "FAKTOR;EINHEIT;STK_BR".replace(";", ",")
)
# Names of files with the preset that reads them.
WITH_PRESET = {
    "Shopify": (SHOPIFY, "shopify_orders"),
    "Shopify, an older one": (
        SHOPIFY[: SHOPIFY.index(",Tax 1 Name")].replace(
            ",Outstanding Balance,Employee,Location,Device ID", ""
        ),
        "shopify_orders",
    ),
    "Shopify, as its help page writes": (
        SHOPIFY.replace("Lineitem sku", "Lineitem SKU")
        .replace("Cancelled at", "Canceled at")
        .replace("compare at", "compare-at"),
        "shopify_orders",
    ),
    "Square, July 2026": (SQUARE, "square_items"),
    "Square, before": (SQUARE.removesuffix(",Card Brand,PAN Suffix"), "square_items"),
    "Square, 2017": (SQUARE[: SQUARE.index(",Unit,Count")], "square_items"),
    "WooCommerce, Advanced Order Export": (WOOCOMMERCE, "woocommerce_orders"),
    "WooCommerce, columns left out and moved": (
        "Order Number,SKU,Item Name,Quantity (- Refund),Item Cost,Order Date,Order Status,Country Code (Billing)",
        "woocommerce_orders",
    ),
    "Amazon All Orders": (AMAZON, "amazon_orders"),
    "Amazon All Orders, Brazil": (
        AMAZON.replace("order-channel,", "order-channel,url,") + ",cpf",
        "amazon_orders",
    ),
    "Amazon All Orders, 2026": (
        AMAZON + ",number-of-items,tax-collection-model,tax-collection-responsible-party,address-type",
        "amazon_orders",
    ),
    "Online Retail": (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        "online_retail",
    ),
    "Online Retail II": (
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
        "online_retail",
    ),
}
# Exports without sales lines, with their names in the list.
WITHOUT_LINES = {
    "Square transactions": (
        "Date,Time,Time Zone,Gross Sales,Discounts,Service Charges,Net Sales,Gift Card Sales,Tax,Tip,Partial Refunds,"
        "Total Collected,Source,Card,Card Entry Methods,Cash,Square Gift Card,Other Tender,Other Tender Type,Tender Note,"
        "Fees,Net Total,Transaction ID,Payment ID,Card Brand,PAN Suffix,Device Name,Staff Name,Staff ID,Details,"
        "Description,Event Type,Location,Dining Option,Customer ID,Customer Name,Customer Reference ID",
        "square_transactions",
    ),
    "WooCommerce analytics": (
        "Date,Order #,Status,Customer,Product(s),Items Sold,Coupon(s),N. Revenue",
        "woocommerce_analytics",
    ),
    "WooCommerce analytics, newer": (
        "Date,Order #,Status,Customer,Customer type,Product(s),Items Sold,Coupon(s),Net Sales,Attribution",
        "woocommerce_analytics",
    ),
    "Etsy sold orders": (
        "Sale Date,Order ID,Buyer User ID,Full Name,First Name,Last Name,Number of Items,Payment Method,Date Shipped,"
        "Street 1,Street 2,Ship City,Ship State,Ship Zipcode,Ship Country,Currency,Order Value,Coupon Code,"
        "Coupon Details,Discount Amount,Shipping Discount,Shipping,Sales Tax,Order Total,Status,Card Processing Fees,"
        "Order Net,Buyer,Order Type,Payment Type,InPerson Discount,InPerson Location,SKU",
        "etsy_orders",
    ),
    "Loyverse receipts": (
        "Date,Receipt number,Receipt type,Gross sales,Discounts,Net sales,Taxes,Total collected,Cost of goods,"
        "Gross profit,Payment type,Description,Dining option,POS,Store,Cashier name,Customer name,Customer contacts,Status",
        "loyverse_receipts",
    ),
    "BigCommerce": (
        "Order ID,Customer ID,Customer Name,Customer Email,Order Date,Order Status,Subtotal (ex tax),Order Total (inc tax),"
        "Shipping Cost (ex tax),Payment Method,Total Quantity,Product Details",
        "bigcommerce_orders",
    ),
    "Magento": (
        "ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Grand Total (Purchased),Status,"
        "Billing Address,Shipping Address,Shipping Information,Customer Email,Customer Group,Subtotal",
        "magento_orders",
    ),
    "PayPal activity": (
        "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,To Email Address,Transaction ID,"
        "Item Title,Item ID,Quantity,Receipt ID,Balance",
        "paypal_activity",
    ),
    "Lightspeed R, item report": (
        "System ID,UPC,EAN,Custom SKU,Manufact. SKU,Description,Stock,Sold,Subtotal,Discounts,Subtotal w/ Discounts,"
        "Total,Cost,Profit,Margin",
        "lightspeed_r_items",
    ),
    "FEC": (
        "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|PieceRef|PieceDate|"
        "EcritureLib|Debit|Credit|EcritureLet|DateLet|ValidDate|Montantdevise|Idevise".replace("|", ","),
        "fec",
    ),
    "Stripe payments": (
        "id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Fee,Status,Customer ID",
        "stripe_payments",
    ),
    "Instacart": ("order_id,product_id,add_to_cart_order,reordered", "instacart"),
    "Stripe balance": (
        "id,Type,Source,Amount,Fee,Destination Platform Fee,Net,Currency,Created (UTC),Available On (UTC),Description,"
        "Customer Facing Amount,Customer Facing Currency,Transfer,Transfer Date (UTC),Transfer Group",
        "stripe_balance",
    ),
    "DSFinV-K lines": (DSFINVK, "dsfinvk_lines"),
    "Olist items": (
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value",
        "olist_items",
    ),
}
# Exports that no preset reads.
WITHOUT_PRESET = {
    "Squarespace": (
        "Order ID,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Shipping,Taxes,"
        "Amount Refunded,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Lineitem sku,Lineitem variant,Lineitem requires shipping,Lineitem taxable,"
        "Lineitem fulfillment status,Billing Name,Billing Address1,Billing City,Billing Zip,Billing Country,"
        "Shipping Name,Shipping Address1,Shipping City,Shipping Zip,Shipping Country,Cancelled at,Private Notes,"
        "Channel Type,Channel Name,Channel Order Number,Payment Method,Payment Reference"
    ),
    "Squarespace, with a column Name": (
        "Name,Order ID,Email,Financial Status,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
        "Lineitem sku,Lineitem variant,Channel Type"
    ),
    "Shopify, without lines": "Name,Email,Financial Status,Currency,Created at,Total",
    "Lightspeed X": (
        "Date,Receipt Number,Line Type,Customer Code,Customer Name,Note,Quantity,Subtotal,Sales Tax,Discount,Loyalty,Total,"
        "Paid,Details,Register,User,Status,Sku,AccountCodeSale,AccountCodePurchase"
    ),
    "Amazon FBA shipments": (
        "amazon-order-id,merchant-order-id,shipment-id,shipment-item-id,amazon-order-item-id,merchant-order-item-id,"
        "purchase-date,payments-date,shipment-date,reporting-date,buyer-email,buyer-name,buyer-phone-number,sku,"
        "product-name,quantity-shipped,currency,item-price,item-tax,shipping-price,shipping-tax,gift-wrap-price,"
        "gift-wrap-tax,ship-service-level,ship-city,ship-state,ship-postal-code,ship-country,sales-channel"
    ),
    "Amazon settlement": (
        "settlement-id,settlement-start-date,settlement-end-date,deposit-date,total-amount,currency,transaction-type,"
        "order-id,merchant-order-id,adjustment-id,shipment-id,marketplace-name,amount-type,amount-description,amount,"
        "fulfillment-id,posted-date,posted-date-time,order-item-code,sku,quantity-purchased,promotion-id"
    ),
    "Amazon Sale Report": (
        "index,Order ID,Date,Status,Fulfilment,Sales Channel ,ship-service-level,Style,SKU,Category,Size,ASIN,"
        "Courier Status,Qty,currency,Amount,ship-city,ship-state,ship-postal-code,ship-country,promotion-ids,B2B"
    ),
    "eBay": (
        "Sales Record Number,Order Number,Buyer Username,Ship To Country,Item Number,Item Title,Custom Label,Quantity,"
        "Sold For,Shipping And Handling,Seller Collected Tax,eBay Collected Tax,Total Price,Sale Date,Paid On Date,"
        "Transaction ID,Variation Details"
    ),
    "Etsy sold order items": (
        "Sale Date,Item Name,Buyer,Quantity,Price,Coupon Code,Coupon Details,Discount Amount,Shipping Discount,"
        "Order Shipping,Order Sales Tax,Item Total,Currency,Transaction ID,Listing ID,Date Paid,Date Shipped,Ship Name,"
        "Ship Country,Order ID,Variations,Order Type,Listings Type,Payment Type,VAT Paid by Buyer,SKU"
    ),
    "Toast": (
        "Location,Order Id,Order #,Sent Date,Order Date,Check Id,Server,Table,Dining Area,Service,Dining Option,"
        "Item Selection Id,Item Id,Master Id,SKU,PLU,Menu Item,Menu Group,Menu,Sales Category,Gross Price,Discount,"
        "Net Price,Qty,Tax,Void?,Deferred,Tax Exempt,Tax Inclusion Option,Dining Option Tax,Tab Name"
    ),
    "Clover": (
        "Line Item Date,Order Employee ID,Order Employee Name,Item ID,Item Product Code,Item SKU,Order ID,Item Name,"
        "Currency,Per Unit Quantity,Item Unit,Item Revenue,Modifiers,Modifiers Revenue,Total Revenue,Discounts,"
        "Total Discount,Order Discounts,Item Total,Item Tax Rate,Tax Amount,Refunded,Exchanged,Order Payment State"
    ),
    "SumUp, English": (
        "Account,Date,Time,Type,Transaction ID,Receipt Number,Payment Method,Quantity,Description,Currency,Price (Gross),"
        "Price (Net),Tax,Tax rate,Transaction refunded"
    ),
    "SumUp, German": (
        "Datum,Typ,Transaktionsnummer,Zahlungsmethode,Menge,Beschreibung,Category,Sku,Währung,Preis vor Rabatt,Rabatt,"
        "Preis (brutto),Preis (netto),Steuer,Steuersatz,Konto"
    ),
    "Loyverse receipts by item": (
        "Date,Receipt number,Receipt type,Category,SKU,Item,Variant,Modifiers applied,Quantity,Gross sales,Discounts,"
        "Net sales,Cost of goods,Gross profit,Taxes,POS,Store,Cashier name,Customer name,Customer contacts,Comment,Status"
    ),
    "Zettle": "Date,Time,Receipt number,Name,Variant,Quantity,Price,VAT",
    "Odoo": "Order Ref,Date,Order Lines/Product,Order Lines/Quantity,Order Lines/Unit Price,Total",
    "PrestaShop": "id_order,product_reference,product_quantity,unit_price_tax_incl,unit_price_tax_excl,date_add",
    "SkyVerge": "order_id,order_number,date,status,item_sku,item_quantity,item_total,currency",
    "WebToffee": "order_id,order_number,order_date,status,shipping_total,order_total,line_item_1,line_item_2",
    "Superstore": (
        "Row ID,Order ID,Order Date,Ship Date,Ship Mode,Customer ID,Customer Name,Segment,Country,City,State,Postal Code,"
        "Region,Product ID,Category,Sub-Category,Product Name,Sales,Quantity,Discount,Profit"
    ),
    "supermarket": (
        "Invoice ID,Branch,City,Customer type,Gender,Product line,Unit price,Quantity,Tax 5%,Total,Date,Time,Payment,cogs,"
        "gross margin percentage,gross income,Rating"
    ),
    "Olist items with their orders": (
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value,order_status,"
        "order_purchase_timestamp"
    ),
    "DSFinV-K lines with their receipts": f"{DSFINVK},BON_TYP,BON_ENDE",
}
