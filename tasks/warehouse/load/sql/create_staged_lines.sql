create temporary table staged_line (
    part integer not null default 0,
    line_id uuid not null,
    packed bigint,
    receipt integer,
    priced_product integer,
    line_no integer,
    quantity numeric(18, 4),
    total_amount numeric(18, 4),
    discount_amount numeric(18, 4),
    tax_amount numeric(18, 4),
    cost_amount numeric(18, 4),
    source_line text,
    attributes text,
    invoice_attributes text
)
