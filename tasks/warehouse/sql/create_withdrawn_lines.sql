create temporary table withdrawn_line (
    invoice_key integer not null,
    line_id uuid not null,
    delivery_key integer not null,
    owns boolean not null
) on commit drop
