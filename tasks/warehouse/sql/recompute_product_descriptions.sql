with best as (
    select distinct on (f.product_key)
        f.product_key,
        f.description,
        f.unit_price > 0 as priced,
        f.sold_at
    from retail_dwh.fact_sale as f
    where
        f.product_key = any (array(select distinct product_key from pg_temp.deleted_fact))
        and f.description is not null
    order by f.product_key, f.unit_price > 0 desc, f.sold_at desc, f.description collate "C" desc
)
update retail_dwh.dim_product as p
set
    description = b.description,
    description_priced = b.priced,
    description_sold_at = b.sold_at
from (select distinct product_key from pg_temp.deleted_fact) as product
left join best as b using (product_key)
where
    p.product_key = product.product_key
    and (p.description, p.description_priced, p.description_sold_at)
    is distinct from (b.description, b.priced, b.sold_at)
