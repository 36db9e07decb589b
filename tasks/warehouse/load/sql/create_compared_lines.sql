-- Lines of invoices that the warehouse has already, or that come in two deliveries of this load.
create temporary table compared_line on commit drop as
select
    l.line_id,
    r.sold_at,
    r.date_key,
    p.product_key,
    r.customer_key,
    r.country_key,
    r.invoice_key,
    r.delivery_key,
    coalesce(l.line_no, r.first_line_no + l.line_offset) as line_no,
    l.quantity,
    p.copy_number,
    p.unit_price,
    coalesce(l.total_amount, l.quantity * p.unit_price) as total_amount,
    r.currency,
    p.description,
    coalesce(r.kind, p.kind) as kind,
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
where not r.is_new
