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
        and exists (
            select
            from jsonb_each_text(to_jsonb(f)) as s
            join jsonb_each_text(q.settings) as w using (key)
            where s.value <> w.value and not (key = 'mapping' and q.take_mapping is true)
        );
    if found then
        raise exception 'the feed has other settings' using errcode = 'RT002', detail = stored::text;
    end if;
end
$$
