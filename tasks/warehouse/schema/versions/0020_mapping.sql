-- By which mapping a feed's deliveries are read. Feeds known before are read without one.
alter table retail_ops.feed
    add column mapping text,
    add column reading_settings text not null default '{}';

comment on column retail_ops.feed.mapping is
    'Mapping of the columns of its deliveries, as JSON; null to read them by their usual names.';
comment on column retail_ops.feed.reading_settings is
    'Name and hash of its mapping, as its deliveries have them; {} without one.';
