delete from retail_ops.line_source as s
using pg_temp.withdrawn_line as w
where
    not w.owns
    and s.invoice_key = w.invoice_key
    and s.line_id = w.line_id
    and s.delivery_key = w.delivery_key
