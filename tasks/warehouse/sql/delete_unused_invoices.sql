delete from retail_dwh.dim_invoice as d
where
    d.invoice_key = any (array(select distinct invoice_key from pg_temp.deleted_fact))
    and d.invoice_key <> 0
    and not exists (select from retail_dwh.fact_sale as f where f.invoice_key = d.invoice_key)
