delete from retail_dwh.dim_country as d
where
    d.country_key = any (array(select distinct country_key from pg_temp.deleted_fact))
    and d.country_key <> 0
    and not exists (select from retail_dwh.fact_sale as f where f.country_key = d.country_key)
