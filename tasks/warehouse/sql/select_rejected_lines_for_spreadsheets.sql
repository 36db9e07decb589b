-- A spreadsheet runs a cell that begins like a formula; what begins with an apostrophe it shows as it is.
select
    feed,
    delivery,
    line,
    rule,
    case when value ~ '^[-=+@\t\r]' and value !~ '^[-+]?[0-9.,]+$' then '''' || value else value end as value,
    case when raw ~ '^[-=+@\t\r]' then '''' || raw else raw end as raw,
    run::text as run,
    time,
    outcome,
    attempt_id
from retail_ops.rejected_line
where attempt_id = any ($1::bigint[])
order by attempt_id desc, line, rule
