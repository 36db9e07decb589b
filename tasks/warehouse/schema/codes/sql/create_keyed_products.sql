-- For each renamed product the one that its lines belong to: the product that has the code already, or the first one
-- that gets it.
create temporary table keyed_product on commit drop as
select
    r.*,
    coalesce(p.product_key, min(r.product_key) over (partition by r.stock_code)) as target_key
from pg_temp.renamed_product as r
left join retail_dwh.dim_product as p on p.stock_code = r.stock_code
