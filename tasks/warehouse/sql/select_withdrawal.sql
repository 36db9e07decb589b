select
    d.delivery_key,
    d.rows_in,
    (select count(*) from retail_dwh.fact_sale as f where f.delivery_key = d.delivery_key) as owned,
    (
        select count(*)
        from retail_dwh.fact_sale as f
        where
            f.delivery_key = d.delivery_key
            and exists (
                select from retail_ops.line_source as s where s.invoice_key = f.invoice_key and s.line_id = f.line_id
            )
    ) as passed_on,
    (select count(*) from retail_ops.line_source as s where s.delivery_key = d.delivery_key) as further
from retail_ops.delivery as d
where d.feed = $1 and d.name = $2
