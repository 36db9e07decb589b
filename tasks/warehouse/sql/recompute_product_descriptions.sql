-- Of the products whose description came from a deleted fact. Most of them were sold with a price in the weeks before,
-- too, and of a day there are few lines; for the others all their lines are read.
with stale as (
    select product_key, max(described_at) as described_at
    from pg_temp.deleted_fact
    where described_at is not null
    group by product_key
),
weeks as (
    select max(described_at) - interval '60 days' as first_day, max(described_at) + interval '2 days' as last_day
    from stale
),
recent as (
    select distinct on (f.product_key) f.product_key, f.description, true as priced, f.sold_at
    from retail_dwh.fact_sale as f
    -- An expression: so that the lines are found by their day, not by their product.
    join stale as s on s.product_key = f.product_key + 0
    where
        exists (select from stale)
        and f.date_key between (select to_char(first_day, 'YYYYMMDD')::integer from weeks)
        and (select to_char(last_day, 'YYYYMMDD')::integer from weeks)
        -- Local days begin before those of UTC, or after.
        and f.sold_at >= (select first_day + interval '3 days' from weeks)
        and f.unit_price > 0
        and f.description is not null
    order by f.product_key, f.sold_at desc, f.description collate "C" desc
),
rest as (
    select product_key from stale
    except
    select product_key from recent
),
older as (
    select distinct on (f.product_key) f.product_key, f.description, f.unit_price > 0 as priced, f.sold_at
    from retail_dwh.fact_sale as f
    where
        -- Without any, no plan reads a line.
        exists (select from rest)
        and f.product_key = any (array(select product_key from rest))
        and f.description is not null
    order by f.product_key, f.unit_price > 0 desc, f.sold_at desc, f.description collate "C" desc
)
update retail_dwh.dim_product as p
set
    description = b.description,
    description_priced = b.priced,
    description_sold_at = b.sold_at
from stale as s
left join (select * from recent union all select * from older) as b using (product_key)
where
    p.product_key = s.product_key
    and (p.description, p.description_priced, p.description_sold_at)
    is distinct from (b.description, b.priced, b.sold_at)
