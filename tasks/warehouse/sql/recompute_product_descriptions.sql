-- Of the products whose description came from a deleted fact. Most of them were sold with a price in the weeks before,
-- too, and of a day there are few lines; for the others all their lines are read.
with stale as (
    select product_key, max(described_at) as at
    from pg_temp.deleted_fact
    where described_at is not null
    group by 1
),
recent as (
    select distinct on (f.product_key) f.product_key, f.description, true as priced, f.sold_at
    from retail_dwh.fact_sale as f
    -- An expression: so that the lines are found by their day, not by their product.
    join stale as s on s.product_key = f.product_key + 0
    where
        exists (select from stale)
        and f.date_key between (select to_char(max(at) - interval '60d', 'YYYYMMDD')::int from stale)
        and (select to_char(max(at) + interval '2d', 'YYYYMMDD')::int from stale)
        -- Local days begin before those of UTC, or after.
        and f.sold_at >= (select max(at) - interval '57d' from stale)
        and f.unit_price > 0
        and f.description is not null
    order by f.product_key, f.sold_at desc, f.description collate "C" desc
),
rest as (
    select product_key from stale except select product_key from recent
),
older as (
    select distinct on (product_key) product_key, description, unit_price > 0 as priced, sold_at
    from retail_dwh.fact_sale
    where
        -- Without any, no plan reads a line.
        exists (select from rest)
        and product_key = any (array(select product_key from rest))
        and description is not null
    order by product_key, unit_price > 0 desc, sold_at desc, description collate "C" desc
)
update retail_dwh.dim_product as p
set (description, description_priced, description_sold_at) = (b.description, b.priced, b.sold_at)
from stale as s
left join (table recent union all table older) as b using (product_key)
where p.product_key = s.product_key
