-- Of the earlier content of replaced deliveries 1,000 lines are kept for the history.
delete from retail_ops.quarantine as q
using (
    select l.attempt_id, l.line_no, row_number() over (partition by l.attempt_id order by l.line_no) as place
    from pg_temp.load_plan as p
    join retail_ops.delivery as d using (delivery_key)
    join retail_ops.quarantine as l on l.attempt_id = d.attempt_id
    where p.replaces
) as earlier
where earlier.place > 1000 and q.attempt_id = earlier.attempt_id and q.line_no = earlier.line_no
