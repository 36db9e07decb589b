update retail_dwh.dim_product as p
set is_merchandise = false
where
    p.is_merchandise
    and p.product_key = any (array({products}))
    and not exists (select from retail_dwh.fact_sale as f where f.product_key = p.product_key and f.is_merchandise)
