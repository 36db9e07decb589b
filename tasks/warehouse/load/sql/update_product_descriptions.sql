with latest as (
    select distinct on (stock_code)
        stock_code,
        description,
        description_priced,
        description_sold_at
    from pg_temp.product
    where description is not null
    order by stock_code, description_priced desc, description_sold_at desc, description collate "C" desc
)
update retail_dwh.dim_product as p
set
    description = n.description,
    description_priced = n.description_priced,
    description_sold_at = n.description_sold_at
from latest as n
where
    p.stock_code = n.stock_code
    and (
        p.description is null
        or (n.description_priced, n.description_sold_at, n.description collate "C")
        > (p.description_priced, p.description_sold_at, p.description collate "C")
    )
