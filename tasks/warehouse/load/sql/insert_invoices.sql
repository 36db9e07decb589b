insert into retail_dwh.dim_invoice (invoice_key, feed, invoice_no, invoice_type, timezone)
select
    last.invoice_key + row_number() over (order by n.first_receipt),
    q.feed,
    n.invoice_no,
    n.invoice_type,
    q.settings ->> 'timezone'
from (
    select invoice_no, max(invoice_type) as invoice_type, min(receipt_id) as first_receipt
    from pg_temp.receipt
    group by invoice_no
) as n
cross join pg_temp.last_invoice as last
cross join pg_temp.load_request as q
where not exists (
    select from retail_dwh.dim_invoice as i where i.feed = q.feed and i.invoice_no = n.invoice_no
)
