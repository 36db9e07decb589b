-- severity: error
-- finds: lines whose `total_amount` is not quantity x price, and whose price is not the amount by quantity (both to four decimals)
select
    d.feed,
    d.name as delivery,
    f.line_no,
    i.invoice_no,
    p.stock_code,
    f.quantity,
    f.unit_price,
    f.total_amount,
    round(f.quantity * f.unit_price, 4) as expected_amount
from retail_dwh.fact_sale as f
left join retail_ops.delivery as d using (delivery_key)
left join retail_dwh.dim_invoice as i using (invoice_key)
left join retail_dwh.dim_product as p using (product_key)
where
    f.total_amount <> round(f.quantity * f.unit_price, 4)
    and f.unit_price is distinct from round(f.total_amount / nullif(f.quantity, 0), 4)
