-- As revision 0008 makes it; privileges follow with those of the other tables.
create table retail_ops.backup_lock (only_row boolean primary key check (only_row));
alter table retail_ops.backup_lock enable row level security;
create policy owner_only on retail_ops.backup_lock using (false) with check (false);
comment on table retail_ops.backup_lock is
    'Always empty. A running backup locks it in share mode; a step that readers would queue behind locks it exclusively first.';
comment on column retail_ops.backup_lock.only_row is 'Unused.';
