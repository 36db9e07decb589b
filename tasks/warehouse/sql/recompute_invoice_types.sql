-- An invoice of which only returns are left is a cancellation.
update retail_dwh.dim_invoice as i
set invoice_type = 'cancellation'
where
    i.invoice_type = 'sale'
    and i.invoice_key = any (array(select distinct invoice_key from pg_temp.deleted_fact))
    and not exists (select from retail_dwh.fact_sale as f where f.invoice_key = i.invoice_key and f.kind <> 'return')
