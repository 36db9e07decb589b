-- is_new: no line of the invoice can be in the warehouse, or come in two deliveries of this load.
create temporary table keyed_receipt on commit drop as
select
    r.receipt_id,
    p.delivery_key,
    i.invoice_key,
    coalesce(c.customer_key, 0) as customer_key,
    coalesce(k.country_key, 0) as country_key,
    r.sold_at,
    r.date_key,
    r.currency::char(3) as currency,
    r.store,
    r.invoice_type,
    case r.invoice_type when 'cancellation' then 'return' end as kind,
    r.first_line_no,
    i.invoice_key > (select invoice_key from pg_temp.last_invoice)
    and min(r.delivery) over (partition by i.invoice_key) = max(r.delivery) over (partition by i.invoice_key) as is_new
from pg_temp.receipt as r
join pg_temp.load_plan as p on p.delivery = r.delivery
join retail_dwh.dim_invoice as i on i.feed = (select feed from pg_temp.load_request) and i.invoice_no = r.invoice_no
left join retail_dwh.dim_customer as c on c.customer_number = r.customer_number
left join retail_dwh.dim_country as k on k.country = r.country
