-- severity: warning
-- finds: sold or returned lines with a negative price on an invoice that is no adjustment
select
    d.feed,
    d.name as delivery,
    f.line_no,
    i.invoice_no,
    p.stock_code,
    f.unit_price,
    f.currency
from retail_dwh.fact_sale as f
left join retail_ops.delivery as d using (delivery_key)
left join retail_dwh.dim_invoice as i using (invoice_key)
left join retail_dwh.dim_product as p using (product_key)
where f.unit_price < 0 and f.kind in ('sale', 'return') and i.invoice_type is distinct from 'adjustment'
