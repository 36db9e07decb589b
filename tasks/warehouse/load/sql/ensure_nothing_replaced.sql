-- The shorter script withdraws no lines.
do $$
begin
    if exists (select from pg_temp.load_plan where replaces) then
        raise exception 'a delivery of this load replaces earlier content' using errcode = 'RT006';
    end if;
end
$$
