do $$
declare
    stored jsonb;
begin
    select to_jsonb(f) - 'created_at' - 'vanished'
    into stored
    from retail_ops.feed as f
    join pg_temp.load_request as q using (feed)
    where
        exists (select from retail_ops.delivery as d where d.feed = f.feed)
        and (
            exists (
                select
                from jsonb_each_text(to_jsonb(f) - 'mapping') as s
                join jsonb_each_text(q.settings) as w using (key)
                where
                    -- Numbers are codes, too.
                    (s.value <> w.value and (key, s.value, w.value) <> ('customers', 'numbers', 'codes'))
                    -- These lines were read without a column that counts now.
                    or (s.value is null and key in ('currency_column', 'store_column'))
            )
            -- No mapping is one, too: other settings without a value are only open.
            or (f.mapping is distinct from q.settings ->> 'mapping' and q.take_mapping is not true)
        );
    if found then
        raise exception 'the feed has other settings' using errcode = 'RT002', detail = stored::text;
    end if;
end
$$
