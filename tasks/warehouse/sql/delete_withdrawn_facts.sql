with deleted as (
    delete from retail_dwh.fact_sale as f
    using pg_temp.withdrawn_line as w
    where
        w.owns
        and f.invoice_key = w.invoice_key
        and f.line_id = w.line_id
        and f.delivery_key = w.delivery_key
    returning f.product_key, f.customer_key, f.country_key, f.invoice_key
)
insert into pg_temp.deleted_fact
select distinct *
from deleted
