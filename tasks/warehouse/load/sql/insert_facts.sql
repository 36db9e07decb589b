insert into retail_dwh.fact_sale (
    line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity,
    copy_number, unit_price, total_amount, currency, description, kind, is_merchandise, store, source_line,
    discount_amount, tax_amount, cost_amount, attributes, invoice_attributes
)
select
    l.line_id,
    r.sold_at,
    r.date_key,
    p.product_key,
    r.customer_key,
    r.country_key,
    r.invoice_key,
    r.delivery_key,
    coalesce(l.line_no, r.first_line_no + l.line_offset),
    l.quantity,
    p.copy_number,
    p.unit_price,
    coalesce(l.total_amount, l.quantity * p.unit_price),
    r.currency,
    p.description,
    coalesce(r.kind, p.kind),
    p.is_merchandise,
    r.store,
    l.source_line,
    l.discount_amount,
    l.tax_amount,
    l.cost_amount,
    l.attributes,
    l.invoice_attributes
from pg_temp.unpacked_line as l
join pg_temp.keyed_receipt as r using (receipt_id)
join pg_temp.priced_product as p using (priced_product_id)
where r.is_new
