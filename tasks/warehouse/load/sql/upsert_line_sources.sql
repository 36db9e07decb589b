insert into retail_ops.line_source as s (invoice_key, line_id, delivery_key, line_no)
select invoice_key, line_id, delivery_key, line_no
from pg_temp.further_source
on conflict (invoice_key, line_id, delivery_key) do update
set line_no = excluded.line_no
where s.line_no <> excluded.line_no
