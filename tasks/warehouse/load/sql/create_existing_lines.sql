-- Those that are facts already, with the delivery that owns them.
create temporary table existing_line on commit drop as
select
    n.invoice_key,
    n.line_id,
    n.delivery_key,
    f.delivery_key as owner_key,
    row(
        f.line_no, f.is_merchandise, f.discount_amount, f.tax_amount, f.cost_amount, f.attributes, f.invoice_attributes
    )
    is distinct from row(
        n.line_no, n.is_merchandise, n.discount_amount, n.tax_amount, n.cost_amount, n.attributes, n.invoice_attributes
    ) as differs
from pg_temp.compared_line as n
join retail_dwh.fact_sale as f on f.invoice_key = n.invoice_key and f.line_id = n.line_id
