create temporary table last_invoice on commit drop as
select coalesce(max(invoice_key), 0) as invoice_key
from retail_dwh.dim_invoice
