delete from retail_dwh.dim_product as d
where
    d.product_key = any (array(select distinct product_key from pg_temp.deleted_fact))
    and d.product_key <> 0
    and not exists (select from retail_dwh.fact_sale as f where f.product_key = d.product_key)
