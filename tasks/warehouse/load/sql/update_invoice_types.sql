-- Of the invoices that were there. A letter of the number tells an adjustment; a cancellation has only returns.
update retail_dwh.dim_invoice as i
set invoice_type = n.type
from (
    select invoice_no, max(invoice_type) as type
    from pg_temp.receipt
    group by invoice_no
) as n
cross join pg_temp.last_invoice as last
cross join pg_temp.load_request as q
where
    i.invoice_key <= last.invoice_key
    and i.feed = q.feed
    and i.invoice_no = n.invoice_no
    and i.invoice_type <> n.type
    and (i.invoice_type, n.type) <> ('sale', 'cancellation')
