-- Dimension members of deleted facts, which may be unused then. described_at: the time of the sale, if the product had
-- its description from this fact.
create temporary table deleted_fact (
    product_key integer not null,
    customer_key integer not null,
    country_key integer not null,
    invoice_key integer not null,
    described_at timestamptz
) on commit drop
