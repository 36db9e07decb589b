"""A database as Supabase has it: its roles, its managed schemas, and their tables with rows."""

from __future__ import annotations

ROLES = """
create role supabase_admin superuser;
create role supabase_auth_admin;
create role supabase_storage_admin;
create role anon;
create role authenticated;
create role service_role;
create role authenticator;
alter role retail createrole createdb bypassrls;
grant anon, authenticated, service_role, pg_read_all_data to retail;
grant set on parameter session_replication_role to retail;
"""
PLATFORM = """
create schema auth authorization supabase_auth_admin;
create schema storage authorization supabase_storage_admin;
create schema extensions;
create schema vault;
create schema realtime;
create schema graphql;
grant usage on schema auth, storage, extensions to retail;
set role supabase_admin;
create extension pgcrypto schema extensions;
create function extensions.on_ddl() returns event_trigger language plpgsql as 'begin end';
create event trigger issue_access on ddl_command_end execute function extensions.on_ddl();
reset role;
create table auth.users (id uuid primary key, email text);
create table auth.identities (id uuid primary key, user_id uuid not null references auth.users);
create table auth.schema_migrations (version text primary key);
create table storage.buckets (id text primary key);
create table storage.objects (id uuid primary key, bucket_id text references storage.buckets, owner uuid);
create table storage.migrations (id integer primary key);
create function auth.uid() returns uuid language sql stable as 'select null::uuid';
create function auth.changed() returns trigger language plpgsql as $$ begin new.email = 'changed'; return new; end $$;
create trigger changed before insert on auth.users for each row execute function auth.changed();
grant all on all tables in schema auth, storage to retail;
insert into auth.schema_migrations values ('1');
insert into storage.migrations values (1);
grant all on schema public to retail;
alter default privileges for role retail in schema public grant all on tables to anon;
"""
OWN = """
create table public.profile (id uuid primary key references auth.users, name text);
revoke all on public.profile from anon;
create policy own on public.profile using (id = (select auth.uid()));
insert into public.profile values ('00000000-0000-0000-0000-000000000001', 'Ada');
"""
# The trigger of the platform stays out of the way, as it was made after these users.
ROWS = """
set session_replication_role = replica;
insert into auth.users values ('00000000-0000-0000-0000-000000000001', 'ada@example.com');
insert into auth.identities values ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001');
insert into storage.buckets values ('photos');
insert into storage.objects values ('00000000-0000-0000-0000-000000000003', 'photos', null);
reset session_replication_role;
"""
