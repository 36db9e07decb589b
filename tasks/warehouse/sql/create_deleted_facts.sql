-- Dimension members of deleted facts, which may be unused then.
create temporary table deleted_fact (
    product_key integer not null,
    customer_key integer not null,
    country_key integer not null,
    invoice_key integer not null
) on commit drop
