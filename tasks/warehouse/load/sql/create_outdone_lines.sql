-- Lines of the load whose owner has lesser details than a further source; it becomes one itself. The further sources of
-- the load are compared lines already: matched with these again, each would be compared with all.
create temporary table outdone_line on commit drop as
select distinct on (invoice_key, line_id)
    invoice_key,
    line_id,
    f.delivery_key,
    f.line_no,
    f.discount_amount,
    f.tax_amount,
    f.cost_amount,
    f.attributes,
    f.invoice_attributes
from (
    select *
    from pg_temp.further_source
    union all
    select l.*
    from pg_temp.compared_line as n
    join retail_ops.line_source as l using (invoice_key, line_id)
) as s
join retail_dwh.fact_sale as f using (invoice_key, line_id)
where {greater} {others}
