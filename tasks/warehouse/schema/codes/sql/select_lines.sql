-- The lines of a batch, one row for each delivery that brought a line, with the codes as they are from now on.
with line as (
    select
        f.*,
        r.target_key,
        coalesce(p.target_key, f.product_key) as target_product_key,
        i.invoice_key is not null or p.product_key is not null as is_renamed
    from pg_temp.recoded_invoice as r
    join retail_dwh.fact_sale as f using (invoice_key)
    left join pg_temp.keyed_invoice as i on i.invoice_key = f.invoice_key
    left join pg_temp.keyed_product as p on p.product_key = f.product_key
    where r.batch = $1
),
source as (
    select invoice_key, line_id, delivery_key, line_no, true as owns
    from line
    union all
    select s.invoice_key, s.line_id, s.delivery_key, s.line_no, false
    from pg_temp.recoded_invoice as r
    join retail_ops.line_source as s using (invoice_key)
    where r.batch = $1
)
select
    s.invoice_key,
    uuid_send(s.line_id) as line_id,
    s.delivery_key,
    s.line_no,
    s.owns,
    l.target_key,
    l.target_product_key,
    l.is_renamed,
    l.copy_number,
    coalesce(feed.identical_lines = 'drop', false) as drops,
    i.feed,
    i.timezone,
    i.invoice_no,
    p.stock_code,
    l.description,
    l.quantity,
    l.sold_at,
    l.unit_price,
    c.customer_id,
    k.country
from source as s
join line as l using (invoice_key, line_id)
join retail_dwh.dim_invoice as i on i.invoice_key = l.target_key
join retail_dwh.dim_product as p on p.product_key = l.target_product_key
join retail_dwh.dim_customer as c using (customer_key)
join retail_dwh.dim_country as k using (country_key)
left join retail_ops.feed as feed on feed.feed = i.feed
