-- Scores and quarantined lines were kept by delivery, so a replacement deleted them, and refused deliveries had none.
-- From here on they belong to the attempt; a delivery names the attempt that brought its content.
alter table retail_ops.delivery_attempt
    add column rows_in bigint,
    add column rows_loaded bigint,
    add column rows_duplicate bigint,
    add column rows_quarantined bigint,
    add column lines_withdrawn bigint,
    add column contract_version text;

alter table retail_ops.delivery add column attempt_id bigint;

update retail_ops.delivery as d
set attempt_id = a.attempt_id
from (
    select feed, name, max(attempt_id) as attempt_id
    from retail_ops.delivery_attempt
    where outcome in ('loaded', 'replaced')
    group by feed, name
) as a
where a.feed = d.feed and a.name = d.name;

-- Every load has recorded its attempt; a ledger that somebody edited may lack one.
insert into retail_ops.delivery_attempt
    (run_id, feed, name, content_hash, outcome, quality_score, attempted_at)
select run_id, feed, name, content_hash, 'loaded', quality_score, loaded_at
from retail_ops.delivery
where attempt_id is null;

update retail_ops.delivery as d
set attempt_id = a.attempt_id
from (
    select feed, name, max(attempt_id) as attempt_id
    from retail_ops.delivery_attempt
    where outcome in ('loaded', 'replaced')
    group by feed, name
) as a
where d.attempt_id is null and a.feed = d.feed and a.name = d.name;

update retail_ops.delivery_attempt as a
set
    rows_in = d.rows_in,
    rows_loaded = d.rows_loaded,
    rows_duplicate = d.rows_duplicate,
    rows_quarantined = d.rows_quarantined,
    contract_version = d.contract_version
from retail_ops.delivery as d
where d.attempt_id = a.attempt_id;

alter table retail_ops.delivery
    alter column attempt_id set not null,
    add unique (attempt_id),
    add foreign key (attempt_id) references retail_ops.delivery_attempt;

alter table retail_ops.quality_score add column attempt_id bigint;
update retail_ops.quality_score as s
set attempt_id = d.attempt_id
from retail_ops.delivery as d
where d.delivery_key = s.delivery_key;
alter table retail_ops.quality_score
    drop column delivery_key,
    add primary key (attempt_id, dimension),
    add foreign key (attempt_id) references retail_ops.delivery_attempt on delete cascade;

alter table retail_ops.quarantine add column attempt_id bigint, add column rejected_values text[];
update retail_ops.quarantine as q
set attempt_id = d.attempt_id
from retail_ops.delivery as d
where d.delivery_key = q.delivery_key;
alter table retail_ops.quarantine
    drop column delivery_key,
    add primary key (attempt_id, line_no),
    add foreign key (attempt_id) references retail_ops.delivery_attempt on delete cascade,
    add check (cardinality(rejected_values) = cardinality(rules));

create view retail_ops.rejected_line with (security_invoker = true) as
select
    a.feed,
    a.name as delivery,
    q.line_no as line,
    r.rule,
    r.value,
    q.raw,
    a.run_id as run,
    a.attempted_at as time,
    a.outcome,
    d.attempt_id is not null as is_current,
    a.attempt_id
from retail_ops.quarantine as q
join retail_ops.delivery_attempt as a using (attempt_id)
left join retail_ops.delivery as d using (attempt_id)
cross join lateral unnest(q.rules, q.rejected_values) as r (rule, value);

comment on column retail_ops.delivery.attempt_id is 'Attempt that loaded the content of the delivery.';
comment on column retail_ops.delivery_attempt.rows_in is
    'Lines in the file, without the header; null if the delivery was not validated.';
comment on column retail_ops.delivery_attempt.rows_loaded is 'Lines that the attempt loaded; 0 if it was refused.';
comment on column retail_ops.delivery_attempt.rows_duplicate is
    'Lines that another delivery had loaded then, and identical lines if the feed drops them.';
comment on column retail_ops.delivery_attempt.rows_quarantined is
    'Lines that violate an error rule, also those that quarantine does not keep.';
comment on column retail_ops.delivery_attempt.lines_withdrawn is
    'Lines of the earlier content that a replacement withdrew; null for other outcomes.';
comment on column retail_ops.delivery_attempt.contract_version is
    'Version of the contract that validated the lines; null if the delivery was not validated.';
comment on table retail_ops.quality_score is 'Quality scores of attempts by dimension.';
comment on column retail_ops.quality_score.attempt_id is 'Attempt that was scored.';
comment on table retail_ops.quarantine is
    'Quarantined lines, as delivered: all of a loaded delivery, at most 1,000 of one that was refused or replaced since.';
comment on column retail_ops.quarantine.attempt_id is 'Attempt to load the delivery of the line.';
comment on column retail_ops.quarantine.rejected_values is
    'For each rule in column rules the value that violates it, as delivered; null before this column.';
comment on view retail_ops.rejected_line is
    'Quarantined lines with their delivery, one row per line and violated rule; those of refused deliveries too.';
comment on column retail_ops.rejected_line.feed is 'Feed of the delivery.';
comment on column retail_ops.rejected_line.delivery is 'Name of the delivery within its feed.';
comment on column retail_ops.rejected_line.line is 'Number of the line in the delivery, from 1, without the header.';
comment on column retail_ops.rejected_line.rule is 'Name of the error rule that the line violates.';
comment on column retail_ops.rejected_line.value is
    'Value that violates it, as delivered, at most 200 characters; null if it is missing.';
comment on column retail_ops.rejected_line.raw is
    'The line as delivered: a JSON object of its columns, or its raw text if it could not be split.';
comment on column retail_ops.rejected_line.run is 'Run that made the attempt.';
comment on column retail_ops.rejected_line.time is 'Time of the attempt.';
comment on column retail_ops.rejected_line.outcome is 'Outcome of the attempt: loaded, replaced or refused.';
comment on column retail_ops.rejected_line.is_current is
    'Whether the content of the attempt is the one in the warehouse.';
comment on column retail_ops.rejected_line.attempt_id is 'The attempt.';

-- Default privileges of the database may have given somebody something when the view was made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_ops.rejected_line from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;
