-- A currency column counts from now on. The lines that feeds hold were loaded without it: were it read for them, the
-- same lines in a further delivery would be other lines.
alter table retail_ops.feed add column currency_column text check (currency_column = 'passed over');

update retail_ops.feed as f
set currency_column = 'passed over'
where exists (select from retail_ops.delivery as d where d.feed = f.feed and d.rows_loaded + d.rows_duplicate > 0);

comment on column retail_ops.feed.currency_column is
    'passed over: its first lines were loaded before currency columns counted, and all of them have its currency; '
    'null for any other feed.';
