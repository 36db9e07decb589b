delete from retail_dwh.dim_customer as d
where
    d.customer_key = any (array(select distinct customer_key from pg_temp.deleted_fact))
    and d.customer_key <> 0
    and not exists (select from retail_dwh.fact_sale as f where f.customer_key = d.customer_key)
