-- severity: warning
-- finds: lines without a description
select
    d.feed,
    d.name as delivery,
    f.line_no,
    i.invoice_no,
    p.stock_code,
    p.description as description_of_product
from retail_dwh.fact_sale as f
left join retail_ops.delivery as d using (delivery_key)
left join retail_dwh.dim_invoice as i using (invoice_key)
left join retail_dwh.dim_product as p using (product_key)
where f.description is null
