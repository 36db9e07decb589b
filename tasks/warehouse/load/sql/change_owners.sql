-- Of the deliveries that bring a line the one with the greatest details owns it, among equals the present owner.
with source as (
    select
        s.invoice_key, s.line_id, s.delivery_key, s.line_no, s.discount_amount, s.tax_amount, s.cost_amount,
        s.attributes, s.invoice_attributes, false as owns
    from retail_ops.line_source as s
    where exists (
        select from pg_temp.compared_line as n where n.invoice_key = s.invoice_key and n.line_id = s.line_id
    )
),
greatest as (
    select distinct on (invoice_key, line_id) s.*
    from (
        select *
        from source
        union all
        select
            f.invoice_key, f.line_id, f.delivery_key, f.line_no, f.discount_amount, f.tax_amount, f.cost_amount,
            f.attributes, f.invoice_attributes, true
        from retail_dwh.fact_sale as f
        where exists (select from source as s where s.invoice_key = f.invoice_key and s.line_id = f.line_id)
    ) as s
    order by invoice_key, line_id, {details}, owns desc, delivery_key
),
change as materialized (
    select
        n.*,
        f.delivery_key as owner_key,
        f.line_no as owner_line_no,
        f.discount_amount as owner_discount,
        f.tax_amount as owner_tax,
        f.cost_amount as owner_cost,
        f.attributes as owner_attributes,
        f.invoice_attributes as owner_invoice_attributes
    from greatest as n
    join retail_dwh.fact_sale as f using (invoice_key, line_id)
    where not n.owns
),
risen as (
    delete from retail_ops.line_source as s
    using change as n
    where s.invoice_key = n.invoice_key and s.line_id = n.line_id and s.delivery_key = n.delivery_key
),
fallen as (
    insert into retail_ops.line_source (
        invoice_key, line_id, delivery_key, line_no, discount_amount, tax_amount, cost_amount, attributes,
        invoice_attributes
    )
    select
        invoice_key, line_id, owner_key, owner_line_no, owner_discount, owner_tax, owner_cost, owner_attributes,
        owner_invoice_attributes
    from change
),
moved as (
    update retail_dwh.fact_sale as f
    set
        delivery_key = n.delivery_key,
        line_no = n.line_no,
        discount_amount = n.discount_amount,
        tax_amount = n.tax_amount,
        cost_amount = n.cost_amount,
        attributes = n.attributes,
        invoice_attributes = n.invoice_attributes
    from change as n
    where f.invoice_key = n.invoice_key and f.line_id = n.line_id
)
update retail_ops.delivery as d
set
    rows_loaded = d.rows_loaded + c.lines,
    rows_duplicate = d.rows_duplicate - c.lines
from (
    select delivery_key, sum(lines) as lines
    from (
        select delivery_key, 1 as lines
        from change
        union all
        select owner_key, -1
        from change
    ) as each
    group by delivery_key
) as c
where d.delivery_key = c.delivery_key
