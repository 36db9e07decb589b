-- Rows that a mapping passes over were told in a note alone. From here on they are part of the accounting, by reason.
alter table retail_ops.delivery
    add column rows_passed_over integer not null default 0 check (rows_passed_over >= 0),
    add column passed_over jsonb not null default '{}',
    drop constraint delivery_check,
    add constraint delivery_check
    check (rows_in = rows_loaded + rows_duplicate + rows_quarantined + rows_passed_over);

-- Notes are those of the attempt: a refused delivery has some, too. An unchanged delivery that was refused meanwhile
-- with other content gets an attempt, which closes the refusal.
alter table retail_ops.delivery_attempt
    add column rows_passed_over integer not null default 0 check (rows_passed_over >= 0),
    add column passed_over jsonb not null default '{}',
    add column notes text[] not null default '{}',
    drop constraint delivery_attempt_outcome_check,
    add constraint delivery_attempt_outcome_check
    check (outcome in ('loaded', 'replaced', 'unchanged', 'refused', 'failed', 'unfinished', 'withdrawn'));

comment on table retail_ops.delivery is
    'Loaded deliveries, one row per file; rows_in = rows_loaded + rows_duplicate + rows_quarantined + rows_passed_over.';
comment on column retail_ops.delivery.rows_in is
    'Rows in the file, without the header: its lines, and rows that are no lines.';
comment on column retail_ops.delivery.rows_passed_over is
    'Rows that are no lines or were never sold, by the mapping; outside score and quality gate.';
comment on column retail_ops.delivery.passed_over is
    'The same by reason: {reason: {rows, amounts}}, amounts as decimal text by currency, "" where none is known.';
comment on column retail_ops.delivery_attempt.rows_in is
    'Rows in the file, without the header; null if the delivery was not validated.';
comment on column retail_ops.delivery_attempt.rows_passed_over is
    'Rows that are no lines or were never sold, by the mapping; 0 if the delivery was not validated.';
comment on column retail_ops.delivery_attempt.passed_over is
    'The same by reason: {reason: {rows, amounts}}, amounts as decimal text by currency, "" where none is known.';
comment on column retail_ops.delivery_attempt.notes is
    'Findings about the delivery as a whole, each a sentence; empty if it was not validated.';
comment on column retail_ops.delivery_attempt.outcome is
    'loaded, replaced, unchanged (recorded only after a refusal or failure of other content), refused (quality gate, '
    'replacement guard or bytes of another feed), failed, unfinished (still being written), or withdrawn.';
