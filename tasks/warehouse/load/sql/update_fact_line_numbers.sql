update retail_dwh.fact_sale as f
set line_no = o.line_no
from pg_temp.existing_line as o
where
    o.owner_key = o.delivery_key
    and o.owner_line_no <> o.line_no
    and f.invoice_key = o.invoice_key
    and f.line_id = o.line_id
    and f.delivery_key = o.delivery_key
