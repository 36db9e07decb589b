-- severity: warning
-- finds: invoices whose lines have different customers
select i.feed, i.invoice_no, s.customers
from (
    select invoice_key, count(distinct customer_key) as customers
    from retail_dwh.fact_sale
    group by invoice_key
    having min(customer_key) <> max(customer_key)
) as s
left join retail_dwh.dim_invoice as i using (invoice_key)
