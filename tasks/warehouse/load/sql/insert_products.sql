with latest as (
    select distinct on (stock_code)
        stock_code,
        description,
        description_priced,
        description_sold_at,
        bool_or(is_merchandise) over (partition by stock_code) as is_merchandise
    from pg_temp.product
    order by stock_code, description_priced desc nulls last, description_sold_at desc, description collate "C" desc
)
insert into retail_dwh.dim_product (
    product_key, stock_code, description, is_merchandise, description_priced, description_sold_at
)
select
    (select coalesce(max(product_key), 0) from retail_dwh.dim_product) + row_number() over (),
    n.stock_code,
    n.description,
    n.is_merchandise,
    n.description_priced,
    n.description_sold_at
from latest as n
where not exists (select from retail_dwh.dim_product as p where p.stock_code = n.stock_code)
