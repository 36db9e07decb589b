insert into retail_ops.quarantine (attempt_id, line_no, rules, rejected_values, contract_version, raw)
select p.attempt_id, s.line_no, s.rules, s.rejected_values, q.contract_version, s.raw
from pg_temp.staged_quarantine as s
join pg_temp.load_plan as p using (delivery)
cross join pg_temp.load_request as q
