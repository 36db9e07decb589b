create temporary table staged_line (
    part integer not null default 0,
    line_id uuid not null,
    packed bigint,
    receipt integer,
    priced_product integer,
    line_no integer,
    quantity integer
)
