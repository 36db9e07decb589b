-- Further sources that say something else of their line now are inserted again.
delete from retail_ops.line_source as s
using pg_temp.further_source as n
where
    s.invoice_key = n.invoice_key
    and s.line_id = n.line_id
    and s.delivery_key = n.delivery_key
    and s is distinct from n
