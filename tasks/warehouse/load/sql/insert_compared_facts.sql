-- A line that two deliveries of this load bring becomes a fact of the first of them.
insert into retail_dwh.fact_sale (
    line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity,
    copy_number, unit_price, total_amount, currency, description, kind, is_merchandise, store, source_line,
    discount_amount, tax_amount, cost_amount, attributes, invoice_attributes
)
select distinct on (n.invoice_key, n.line_id) n.*
from pg_temp.compared_line as n
join pg_temp.load_plan as p using (delivery_key)
where not exists (
    select from pg_temp.existing_line as o where o.invoice_key = n.invoice_key and o.line_id = n.line_id
)
order by n.invoice_key, n.line_id, p.delivery
