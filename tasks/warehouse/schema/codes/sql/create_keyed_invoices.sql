-- For each renamed invoice the one that its lines belong to: the invoice that has the number already, or the first one
-- that gets it.
create temporary table keyed_invoice on commit drop as
select
    r.*,
    coalesce(i.invoice_key, min(r.invoice_key) over (partition by r.feed, r.invoice_no)) as target_key
from pg_temp.renamed_invoice as r
left join retail_dwh.dim_invoice as i on i.feed = r.feed and i.invoice_no = r.invoice_no
