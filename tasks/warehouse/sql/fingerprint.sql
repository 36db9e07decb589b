select
    count(*) as lines,
    coalesce(sum(f.quantity), 0) as units,
    coalesce(sum(f.total_amount), 0) as amount,
    coalesce(sum(hash_record_extended(row(
        f.line_id, f.sold_at, f.quantity, f.copy_number, f.unit_price, f.total_amount, f.currency,
        f.description, d.date, p.stock_code, p.description, p.is_merchandise, c.customer_number, k.country,
        i.feed, i.invoice_no, i.invoice_type, i.timezone, f.kind, f.is_merchandise, f.store, f.source_line,
        f.discount_amount, f.tax_amount, f.cost_amount, f.attributes::text, f.invoice_attributes::text
    ), 0)), 0) as hash
from retail_dwh.fact_sale as f
join retail_dwh.dim_date as d using (date_key)
join retail_dwh.dim_product as p using (product_key)
join retail_dwh.dim_customer as c using (customer_key)
join retail_dwh.dim_country as k using (country_key)
join retail_dwh.dim_invoice as i using (invoice_key)
