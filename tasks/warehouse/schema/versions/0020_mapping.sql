-- By which mapping a feed's deliveries are read. Feeds known before are read without one.
alter table retail_ops.feed add column mapping text;

comment on column retail_ops.feed.mapping is
    'Mapping of the columns of its deliveries, as JSON: its name and hash, as its deliveries have them, and its '
    'content; null to read them by their usual names.';
