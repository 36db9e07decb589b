update retail_dwh.dim_invoice as i
set
    invoice_no = k.invoice_no,
    invoice_type = k.invoice_type
from pg_temp.keyed_invoice as k
where k.invoice_key = k.target_key and i.invoice_key = k.target_key
