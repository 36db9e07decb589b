update retail_dwh.fact_sale as f
set line_no = n.line_no
from unnest($1::integer[], $2::uuid[], $3::integer[], $4::integer[])
    as n (invoice_key, line_id, delivery_key, line_no)
where
    f.invoice_key = n.invoice_key
    and f.line_id = n.line_id
    and f.delivery_key = n.delivery_key
