-- A voucher is a gift voucher in a shop; the table keeps the further deliveries that brought a line.
alter table retail_ops.line_voucher rename to line_source;
alter index retail_ops.line_voucher_delivery_key_idx rename to line_source_delivery_key_idx;
alter table retail_ops.line_source rename constraint line_voucher_pkey to line_source_pkey;
alter table retail_ops.line_source rename constraint line_voucher_delivery_key_fkey to line_source_delivery_key_fkey;
comment on table retail_ops.line_source is 'Further deliveries that brought a line which another delivery owns.';
