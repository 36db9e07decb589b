-- The session that creates the schema or the table first blocks the others until its transaction ends; then they find it.
do $$
begin
    while to_regnamespace('retail_ops') is null loop
        begin
            create schema retail_ops;
        exception
            when duplicate_schema or unique_violation then null;
        end;
    end loop;
    while to_regclass('retail_ops.load_lock') is null loop
        begin
            create table retail_ops.load_lock (only_row boolean primary key check (only_row));
            alter table retail_ops.load_lock enable row level security;
            create policy owner_only on retail_ops.load_lock using (false) with check (false);
            comment on table retail_ops.load_lock is
                'Holds no row: loads, withdrawals, index builds and migrations lock it, one at a time.';
            comment on column retail_ops.load_lock.only_row is 'Unused.';
        exception
            when duplicate_table or unique_violation then null;
        end;
    end loop;
    -- Inside the block, as elsewhere a lock needs an explicit transaction, which a migration of Supabase's lacks.
    lock table retail_ops.load_lock in share row exclusive mode;
end
$$;
-- A revision may need locks that readers would queue behind: it waits for a running backup before it takes any.
do $$
begin
    if to_regclass('retail_ops.backup_lock') is not null then
        lock table retail_ops.backup_lock in access exclusive mode;
    end if;
end
$$;
