create temporary table renamed_invoice (
    invoice_key integer not null,
    feed text not null,
    invoice_no text not null,
    invoice_type text not null
) on commit drop;

create temporary table renamed_product (
    product_key integer not null,
    stock_code text not null,
    is_merchandise boolean not null
) on commit drop
