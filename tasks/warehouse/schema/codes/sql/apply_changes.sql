analyze pg_temp.recoded_fact, pg_temp.removed_fact, pg_temp.removed_source;

insert into pg_temp.recoded_row (
    line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity,
    copy_number, unit_price, total_amount, currency, description
)
select
    r.line_id,
    f.sold_at,
    f.date_key,
    r.product_key,
    f.customer_key,
    f.country_key,
    r.invoice_key,
    r.delivery_key,
    r.line_no,
    f.quantity,
    r.copy_number,
    f.unit_price,
    f.total_amount,
    f.currency,
    f.description
from pg_temp.recoded_fact as r
join retail_dwh.fact_sale as f on f.invoice_key = r.old_invoice_key and f.line_id = r.old_line_id;

-- All old rows go before new ones come: copies may exchange their numbers.
delete from retail_dwh.fact_sale as f
using pg_temp.removed_fact as r
where f.invoice_key = r.invoice_key and f.line_id = r.line_id;

insert into retail_dwh.fact_sale (
    line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity,
    copy_number, unit_price, total_amount, currency, description
)
select
    line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity,
    copy_number, unit_price, total_amount, currency, description
from pg_temp.recoded_row;

delete from retail_ops.line_source as s
using pg_temp.removed_source as r
where s.invoice_key = r.invoice_key and s.line_id = r.line_id and s.delivery_key = r.delivery_key;

insert into retail_ops.line_source (invoice_key, line_id, delivery_key, line_no)
select invoice_key, line_id, delivery_key, line_no
from pg_temp.added_source;

update retail_ops.delivery as d
set
    rows_loaded = d.rows_loaded + m.lines,
    rows_duplicate = d.rows_duplicate - m.lines
from pg_temp.moved_lines as m
where d.delivery_key = m.delivery_key;

truncate
    pg_temp.recoded_fact, pg_temp.removed_fact, pg_temp.recoded_row, pg_temp.added_source, pg_temp.removed_source,
    pg_temp.moved_lines
