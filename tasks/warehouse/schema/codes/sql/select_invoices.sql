-- A superset of the invoices whose number changes, in parts: the normalisation decides.
select invoice_key as key, feed, invoice_no as code
from retail_dwh.dim_invoice
where invoice_key > $1 and invoice_no ~ $2
order by invoice_key
limit $3
