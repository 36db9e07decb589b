-- Those that are facts already, with the delivery that owns them.
create temporary table existing_line on commit drop as
select
    n.invoice_key,
    n.line_id,
    n.delivery_key,
    n.line_no,
    f.delivery_key as owner_key,
    f.line_no as owner_line_no
from pg_temp.compared_line as n
join retail_dwh.fact_sale as f on f.invoice_key = n.invoice_key and f.line_id = n.line_id
