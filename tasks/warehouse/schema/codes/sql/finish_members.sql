-- As a withdrawal does: descriptions by the lines that a product has now, and no member without lines.
with target as (
    select distinct target_key as product_key
    from pg_temp.keyed_product
),
best as (
    select distinct on (f.product_key)
        f.product_key,
        f.description,
        f.unit_price > 0 as priced,
        f.sold_at
    from retail_dwh.fact_sale as f
    where f.product_key = any (array(select product_key from target)) and f.description is not null
    order by f.product_key, f.unit_price > 0 desc, f.sold_at desc, f.description collate "C" desc
)
update retail_dwh.dim_product as p
set
    description = b.description,
    description_priced = b.priced,
    description_sold_at = b.sold_at
from target as t
left join best as b using (product_key)
where
    p.product_key = t.product_key
    and (p.description, p.description_priced, p.description_sold_at)
    is distinct from (b.description, b.priced, b.sold_at);

delete from retail_dwh.dim_product as d
using pg_temp.keyed_product as k
where
    d.product_key = k.product_key
    and k.product_key <> k.target_key
    and not exists (select from retail_dwh.fact_sale as f where f.product_key = d.product_key);

delete from retail_dwh.dim_invoice as d
using pg_temp.keyed_invoice as k
where
    d.invoice_key = k.invoice_key
    and k.invoice_key <> k.target_key
    and not exists (select from retail_dwh.fact_sale as f where f.invoice_key = d.invoice_key)
