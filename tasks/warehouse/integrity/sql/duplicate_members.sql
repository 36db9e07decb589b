-- severity: error
-- finds: dimension members with the same business key
select 'dim_product' as dimension, stock_code as business_key, count(*) as members
from retail_dwh.dim_product
group by stock_code
having count(*) > 1
union all
select 'dim_customer', customer_number, count(*)
from retail_dwh.dim_customer
group by customer_number
having count(*) > 1
union all
select 'dim_country', country, count(*)
from retail_dwh.dim_country
group by country
having count(*) > 1
union all
select 'dim_invoice', concat_ws(' ', feed, invoice_no), count(*)
from retail_dwh.dim_invoice
group by feed, invoice_no
having count(*) > 1
union all
select 'dim_date', date::text, count(*)
from retail_dwh.dim_date
group by date
having count(*) > 1
