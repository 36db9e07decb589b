create temporary table withdrawn_line on commit drop as
select invoice_key, line_id, delivery_key, owns
from pg_temp.held_line
where is_withdrawn
