-- severity: error
-- finds: sales lines whose invoice is missing in `dim_invoice`
select f.line_id, f.delivery_key, f.line_no, f.invoice_key
from retail_dwh.fact_sale as f
left join retail_dwh.dim_invoice as d using (invoice_key)
where d.invoice_key is null
