create temporary table recoded_fact (
    old_invoice_key integer not null,
    old_line_id uuid not null,
    invoice_key integer not null,
    line_id uuid not null,
    product_key integer not null,
    copy_number integer not null,
    delivery_key integer not null,
    line_no integer not null
) on commit drop;

create temporary table removed_fact (invoice_key integer not null, line_id uuid not null) on commit drop;

create temporary table recoded_row on commit drop as
select
    line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity,
    copy_number, unit_price, total_amount, currency, description
from retail_dwh.fact_sale
with no data;

create temporary table added_source (
    invoice_key integer not null,
    line_id uuid not null,
    delivery_key integer not null,
    line_no integer not null
) on commit drop;

create temporary table removed_source (
    invoice_key integer not null,
    line_id uuid not null,
    delivery_key integer not null
) on commit drop;

create temporary table moved_lines (delivery_key integer not null, lines bigint not null) on commit drop
