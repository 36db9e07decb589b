with heir as (
    select distinct on (v.invoice_key, v.line_id)
        v.invoice_key,
        v.line_id,
        v.delivery_key,
        v.line_no
    from retail_ops.line_voucher as v
    join pg_temp.gone as g on g.owns and v.invoice_key = g.invoice_key and v.line_id = g.line_id
    order by v.invoice_key, v.line_id, v.delivery_key
),
used as (
    delete from retail_ops.line_voucher as v
    using heir as h
    where
        v.invoice_key = h.invoice_key
        and v.line_id = h.line_id
        and v.delivery_key = h.delivery_key
),
moved as (
    update retail_dwh.fact_sale as f
    set
        delivery_key = h.delivery_key,
        line_no = h.line_no
    from heir as h
    where f.invoice_key = h.invoice_key and f.line_id = h.line_id
    returning f.delivery_key
),
counted as (
    select delivery_key, count(*) as lines
    from moved
    group by delivery_key
)
update retail_ops.delivery as d
set
    rows_loaded = d.rows_loaded + c.lines,
    rows_duplicate = d.rows_duplicate - c.lines
from counted as c
where d.delivery_key = c.delivery_key
