-- The lines that replaced deliveries own or are a further source of, and whether their new content lacks them.
create temporary table held_line on commit drop as
with replaced as (
    select delivery_key from pg_temp.load_plan where replaces
),
held as (
    select invoice_key, line_id, delivery_key, true as owns
    from retail_dwh.fact_sale
    where delivery_key = any (array(select delivery_key from replaced)) and (select count(*) from replaced) > 0
    union all
    select invoice_key, line_id, delivery_key, false
    from retail_ops.line_source
    where delivery_key = any (array(select delivery_key from replaced))
),
incoming as (
    select l.line_id, p.delivery_key
    from pg_temp.unpacked_line as l
    join pg_temp.receipt as r using (receipt_id)
    join pg_temp.load_plan as p on p.delivery = r.delivery and p.replaces
)
select h.*, i.line_id is null as is_withdrawn
from held as h
left join incoming as i using (delivery_key, line_id)
