update retail_ops.line_source as s
set line_no = n.line_no
from unnest($1::integer[], $2::uuid[], $3::integer[], $4::integer[])
    as n (invoice_key, line_id, delivery_key, line_no)
where
    s.invoice_key = n.invoice_key
    and s.line_id = n.line_id
    and s.delivery_key = n.delivery_key
