-- A delivery that was still being written: neither taken nor failed.
alter table retail_ops.delivery_attempt
    drop constraint delivery_attempt_outcome_check,
    add constraint delivery_attempt_outcome_check
        check (outcome in ('loaded', 'replaced', 'refused', 'failed', 'unfinished', 'withdrawn'));

comment on column retail_ops.delivery_attempt.outcome is
    'loaded, replaced, refused (quality gate, replacement guard or bytes of another feed), failed, unfinished (still being written), or withdrawn.';
comment on column retail_ops.delivery_attempt.reason is 'Why it was refused, failed or unfinished.';
