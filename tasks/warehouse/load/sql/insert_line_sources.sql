-- In the order of the columns of retail_ops.line_source.
insert into retail_ops.line_source
{lines}
on conflict do nothing
