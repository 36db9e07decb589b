-- Invoices with lines whose identity may change, and the invoice to which they belong from now on. All lines of one
-- invoice, with its old numbers, are in one batch: only among them can lines become equal.
create temporary table recoded_invoice on commit drop as
with affected as (
    select invoice_key, target_key
    from pg_temp.keyed_invoice
    union
    select target_key, target_key
    from pg_temp.keyed_invoice
    union
    select f.invoice_key, coalesce(k.target_key, f.invoice_key)
    from retail_dwh.fact_sale as f
    left join pg_temp.keyed_invoice as k using (invoice_key)
    where f.product_key = any (array(select product_key from pg_temp.keyed_product))
),
counted as (
    select target_key, count(*) as lines
    from (
        select a.target_key
        from affected as a
        join retail_dwh.fact_sale as f using (invoice_key)
        union all
        select a.target_key
        from affected as a
        join retail_ops.line_source as s using (invoice_key)
    ) as line
    group by target_key
),
batched as (
    select target_key, (sum(lines) over (order by target_key) / {lines})::integer as batch
    from counted
)
select a.invoice_key, a.target_key, b.batch
from affected as a
join batched as b using (target_key)
