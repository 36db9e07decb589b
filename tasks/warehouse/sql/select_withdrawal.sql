select
    d.delivery_key,
    d.rows_in,
    (select count(*) from retail_dwh.fact_sale as f where f.delivery_key = d.delivery_key) as owned,
    (
        -- Each of its lines is looked up: the further sources of all deliveries can be many more.
        select count(*)
        from retail_dwh.fact_sale as f
        cross join lateral (
            select
            from retail_ops.line_source as s
            where s.invoice_key = f.invoice_key and s.line_id = f.line_id
            limit 1
        ) as s
        where f.delivery_key = d.delivery_key
    ) as passed_on,
    (
        select count(*)
        from retail_ops.line_source as s
        -- As a range, by the index: if few deliveries have further sources, any one is thought to have as many as these.
        where s.delivery_key between d.delivery_key and d.delivery_key
    ) as further
from retail_ops.delivery as d
where d.feed = $1 and d.name = $2
