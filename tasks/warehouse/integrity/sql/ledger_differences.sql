-- severity: error
-- finds: deliveries for which the ledger counts other lines than `fact_sale` has
select d.feed, d.name as delivery, delivery_key, d.rows_loaded, coalesce(f.lines, 0) as lines_in_fact_sale
from retail_ops.delivery as d
full join (
    select delivery_key, count(*) as lines
    from retail_dwh.fact_sale
    group by delivery_key
) as f using (delivery_key)
where coalesce(d.rows_loaded, 0) <> coalesce(f.lines, 0)
