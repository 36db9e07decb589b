-- A delivery that comes again may say something else of a line that it owns already.
update retail_dwh.fact_sale as f
set
    line_no = n.line_no,
    is_merchandise = n.is_merchandise,
    discount_amount = n.discount_amount,
    tax_amount = n.tax_amount,
    cost_amount = n.cost_amount,
    attributes = n.attributes,
    invoice_attributes = n.invoice_attributes
from pg_temp.existing_line as o
join pg_temp.compared_line as n using (invoice_key, line_id, delivery_key)
where
    o.owner_key = o.delivery_key
    and o.differs
    and f.invoice_key = o.invoice_key
    and f.line_id = o.line_id
    and f.delivery_key = o.delivery_key
