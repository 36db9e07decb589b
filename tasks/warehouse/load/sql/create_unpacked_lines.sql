-- Bits of packed, from the highest: 15 receipt, 13 line number from the receipt's first, 16 priced product, 19 quantity.
-- Columns that no staged line has are constants outside: so none of the lines carries them.
create or replace temporary view unpacked_line as
select line_id, receipt_id, priced_product_id, line_offset, quantity {columns}
from (
    select
        line_id,
        (part::bigint << 32) | coalesce({receipt}, packed >> 48) as receipt_id,
        (part::bigint << 32) | coalesce({priced_product}, (packed >> 19) & 65535) as priced_product_id,
        ((packed >> 35) & 8191)::integer as line_offset,
        coalesce({quantity}, (packed & 524287) - 262144) as quantity
        {held}
    from pg_temp.staged_line
    -- Each line is unpacked once, however often its quantity is used.
    offset 0
) as l
