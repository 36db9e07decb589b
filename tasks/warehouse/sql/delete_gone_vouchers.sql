delete from retail_ops.line_voucher as v
using pg_temp.gone as g
where
    not g.owns
    and v.invoice_key = g.invoice_key
    and v.line_id = g.line_id
    and v.delivery_key = g.delivery_key
