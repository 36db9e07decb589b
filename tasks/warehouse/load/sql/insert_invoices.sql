insert into retail_dwh.dim_invoice (invoice_key, feed, invoice_no, invoice_type, timezone)
select
    (select invoice_key from pg_temp.last_invoice) + row_number() over (order by n.first_receipt),
    (select feed from pg_temp.load_request),
    n.invoice_no,
    n.invoice_type,
    (select settings ->> 'timezone' from pg_temp.load_request)
from (
    select invoice_no, max(invoice_type) as invoice_type, min(receipt_id) as first_receipt
    from pg_temp.receipt
    group by invoice_no
) as n
where not exists (
    select
    from retail_dwh.dim_invoice as i
    where i.feed = (select feed from pg_temp.load_request) and i.invoice_no = n.invoice_no
)
