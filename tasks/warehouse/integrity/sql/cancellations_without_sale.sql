-- severity: warning
-- finds: cancelled or returned merchandise that the customer had not bought before, as far as the warehouse goes back
with first_sale as (
    select f.customer_key, f.product_key, min(f.sold_at) as sold_at
    from retail_dwh.fact_sale as f
    where f.kind = 'sale' and f.quantity > 0
    group by f.customer_key, f.product_key
)
select i.feed, i.invoice_no, p.stock_code, c.customer_number, f.sold_at, f.quantity, f.total_amount, f.currency
from retail_dwh.fact_sale as f
join retail_dwh.dim_invoice as i using (invoice_key)
join retail_dwh.dim_product as p using (product_key)
join retail_dwh.dim_customer as c using (customer_key)
left join first_sale as s
    on s.customer_key = f.customer_key and s.product_key = f.product_key and s.sold_at <= f.sold_at
where f.kind = 'return' and f.customer_key <> 0 and f.is_merchandise and s.customer_key is null
