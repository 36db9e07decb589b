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
            (f.timezone, f.currency, f.identical_lines) is distinct from (q.timezone, q.currency::char(3), q.identical_lines)
            or f.date_format <> q.date_format
            or f.decimal <> q.decimal
            or f.encoding <> q.encoding
            or f.missing_words <> q.missing_words
            or f.last_line_end <> q.last_line_end
        );
    if found then
        raise exception 'the feed has other settings' using errcode = 'RT002', detail = stored::text;
    end if;
end
$$
