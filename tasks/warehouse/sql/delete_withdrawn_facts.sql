with deleted as (
    delete from retail_dwh.fact_sale as f
    using pg_temp.withdrawn_line as w, retail_dwh.dim_product as p
    where
        w.owns
        and f.invoice_key = w.invoice_key
        and f.line_id = w.line_id
        and f.delivery_key = w.delivery_key
        and p.product_key = f.product_key
    returning
        f.product_key, f.customer_key, f.country_key, f.invoice_key,
        case when f.sold_at = p.description_sold_at and f.description = p.description then f.sold_at end
)
insert into pg_temp.deleted_fact
select distinct *
from deleted
