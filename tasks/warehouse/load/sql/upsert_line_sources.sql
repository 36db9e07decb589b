insert into retail_ops.line_source as s (
    invoice_key, line_id, delivery_key, line_no, discount_amount, tax_amount, cost_amount, attributes, invoice_attributes
)
select *
from pg_temp.further_source
on conflict (invoice_key, line_id, delivery_key) do update
set
    line_no = excluded.line_no,
    discount_amount = excluded.discount_amount,
    tax_amount = excluded.tax_amount,
    cost_amount = excluded.cost_amount,
    attributes = excluded.attributes,
    invoice_attributes = excluded.invoice_attributes
where s is distinct from excluded
