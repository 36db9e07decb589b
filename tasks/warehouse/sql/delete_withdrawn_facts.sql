with deleted as (
    delete from retail_dwh.fact_sale as f
    using pg_temp.withdrawn_line as w
    where
        w.owns
        and f.invoice_key = w.invoice_key
        and f.line_id = w.line_id
        and f.delivery_key = w.delivery_key
    returning f.product_key, f.customer_key, f.country_key, f.invoice_key, f.sold_at, f.description
)
insert into pg_temp.deleted_fact
select distinct
    d.product_key,
    d.customer_key,
    d.country_key,
    d.invoice_key,
    case when d.sold_at = p.description_sold_at and d.description = p.description then d.sold_at end
from deleted as d
join retail_dwh.dim_product as p using (product_key)
