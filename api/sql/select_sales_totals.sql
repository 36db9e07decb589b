select coalesce(json_agg(row_to_json(t) order by t.currency), '[]'::json)
from (
    select f.currency, count(*) as lines, sum(f.total_amount)::text as amount
    from retail_dwh.fact_sale as f
    group by f.currency
) as t
