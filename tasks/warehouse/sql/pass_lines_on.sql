with next_source as (
    select distinct on (s.invoice_key, s.line_id) s.*
    from retail_ops.line_source as s
    join ({lines}) as w using (invoice_key, line_id)
    order by s.invoice_key, s.line_id, {order}, s.delivery_key
),
deleted as (
    delete from retail_ops.line_source as s
    using next_source as n
    where
        s.invoice_key = n.invoice_key
        and s.line_id = n.line_id
        and s.delivery_key = n.delivery_key
),
moved as (
    update retail_dwh.fact_sale as f
    set
        delivery_key = n.delivery_key,
        line_no = n.line_no,
        discount_amount = n.discount_amount,
        tax_amount = n.tax_amount,
        cost_amount = n.cost_amount,
        attributes = n.attributes,
        invoice_attributes = n.invoice_attributes
    from next_source as n
    where f.invoice_key = n.invoice_key and f.line_id = n.line_id
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
