-- The known lines whose fact belongs to another delivery, be it from before or from this load.
create temporary table further_source on commit drop as
select
    n.invoice_key,
    n.line_id,
    n.delivery_key,
    n.line_no,
    n.discount_amount,
    n.tax_amount,
    n.cost_amount,
    n.attributes,
    n.invoice_attributes
from (
    -- In one pass: to look for earlier ones line by line, each would be compared with all.
    select c.*, p.delivery, min(p.delivery) over (partition by c.invoice_key, c.line_id) as first_delivery
    from pg_temp.compared_line as c
    join pg_temp.load_plan as p using (delivery_key)
) as n
left join pg_temp.existing_line as o
    on o.invoice_key = n.invoice_key and o.line_id = n.line_id and o.delivery_key = n.delivery_key
where
    case
        when o.line_id is not null then o.owner_key <> n.delivery_key
        else n.first_delivery < n.delivery
    end
