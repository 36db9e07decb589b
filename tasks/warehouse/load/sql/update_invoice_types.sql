-- Of the invoices that were there. A letter of the number tells an adjustment; a cancellation has only returns.
update retail_dwh.dim_invoice as i
set invoice_type = n.type
from (
    select invoice_key, max(invoice_type) as type
    from pg_temp.keyed_receipt
    where not is_new
    group by invoice_key
) as n
cross join pg_temp.last_invoice as last
where
    i.invoice_key = n.invoice_key
    and i.invoice_key <= last.invoice_key
    and i.invoice_type <> n.type
    and (i.invoice_type, n.type) <> ('sale', 'cancellation')
