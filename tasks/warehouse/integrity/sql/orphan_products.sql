-- severity: error
-- finds: sales lines whose product is missing in `dim_product`
select f.line_id, f.delivery_key, f.line_no, f.product_key
from retail_dwh.fact_sale as f
left join retail_dwh.dim_product as d using (product_key)
where d.product_key is null
