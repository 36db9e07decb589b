-- A database with one of everything that an owner who is no superuser can make, on Postgres 15 and later.
-- Roles belong to the cluster; tests share them.
do $$
declare name text;
begin
    foreach name in array array['everything_reader', 'everything_clerk', 'everything "Quoted" rôle'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = name) then
            execute pg_catalog.format('create role %I nologin', name);
            execute pg_catalog.format('grant %I to current_user', name);
        end if;
    end loop;
end $$;

create schema shop;
comment on schema shop is 'Where everything is';
create schema "Ünïcode schema";
create schema ext;
create extension citext schema ext;
create extension ltree schema ext;
create extension hstore schema ext;
set search_path = shop, ext, pg_catalog;

alter default privileges in schema shop grant select on tables to everything_reader;
alter default privileges in schema shop grant execute on functions to everything_clerk;
alter default privileges revoke execute on functions from public;
grant usage on schema shop to everything_reader;
grant usage, create on schema shop to everything_clerk;

-- Types
create type status as enum ('new', 'paid', 'sent', 'it''s "odd"');
create type money_amount as (amount numeric, currency char(3));
create type float_range as range (subtype = float8, subtype_diff = float8mi);
create domain positive as numeric check (value > 0);
create domain email as text collate "C" not null constraint has_at check (value like '%@%');
create domain status_domain as status default 'new';
create domain amount_domain as money_amount;
create type nested as (id int, amount money_amount, tags text[]);
comment on type status is 'State of an order';
comment on domain email is 'An address';
revoke usage on type status from public;
grant usage on type status to everything_clerk;
create collation blind (provider = libc, locale = 'C');

-- Tables with keys, references in a circle, generated and identity columns
create table customer (
    id bigint generated always as identity (start with 100 increment by 5) primary key,
    email email,
    name varchar(50) not null,
    best_order bigint,
    unique (name)
);
create table orders (
    id bigserial primary key,
    customer bigint not null references customer on delete cascade deferrable initially deferred,
    state status not null default 'new',
    placed timestamptz not null default now(),
    net numeric(18, 4) not null check (net >= 0),
    rate numeric(5, 2) not null default 20.00,
    gross numeric generated always as (net * (1 + rate / 100)) stored,
    note text,
    constraint net_is_small check (net < 1000000) not valid
);
alter table customer add constraint customer_best_order foreign key (best_order) references orders deferrable;
comment on table orders is 'Orders; with ''quotes'' and "double" ones';
comment on column orders.net is 'Without tax';
comment on constraint net_is_small on orders is 'Not validated';
alter table orders alter column note set storage external, alter column note set statistics 500;
alter table orders set (fillfactor = 70, autovacuum_enabled = false);
create index orders_by_state on orders (state, placed desc nulls last) include (net) where net > 0;
create index orders_by_note on orders (lower(note) collate "C" text_pattern_ops);
create unique index orders_nulls on orders (note, placed) nulls not distinct;
comment on index orders_by_state is 'For the list';
alter table customer replica identity using index customer_pkey;
alter table orders cluster on orders_pkey;
create statistics orders_dependencies (dependencies, ndistinct) on state, rate from orders;
alter statistics orders_dependencies set statistics 200;

create table every_type (
    id int primary key,
    b bool, i2 smallint, i8 bigint, n numeric, ns numeric(10, 2), f4 real, f8 double precision, m money,
    t text, tc text collate "C", v varchar, vn varchar(20), c1 char(10), bp bpchar, ch "char", nm name,
    by bytea, u uuid, o oid,
    d date, ti time, tz timetz, ts timestamp, tt timestamptz, iv interval,
    j json, jb jsonb, jp jsonpath, x text, ip inet, ci cidr, ma macaddr, bi bit(4), vb bit varying,
    p point, po polygon, tv tsvector, tq tsquery,
    e status, ea status[], ia int[], ta text[], na numeric[][], comp money_amount, compa money_amount[], nest nested,
    r int4range, nr numrange, tr tstzrange, mr int4multirange, fr float_range,
    dp positive, de status_domain, da amount_domain, cit citext, lt ltree, hs hstore,
    rc regclass, ls pg_lsn
);

create table empty (id int, name text);
create table no_columns ();
create unlogged table scratch (id int primary key, value text);
create table "Ünïcode schema"."odd ""name"" with 'quotes' and %s {brace}" ("select" int, "Größe ""x""" text, "a b" int);
create table keywords ("user" int, "order" text, "table" date);
create sequence free_standing start 7 increment -3 minvalue -1000 maxvalue 1000 cycle cache 5;
create sequence only_set;
create sequence "Odd 'sequence'" as smallint;
grant usage on sequence free_standing to everything_clerk;
comment on sequence free_standing is 'Goes down';

-- Inheritance and partitions
create table parent (id int, kind text);
create table child (extra text) inherits (parent);
create table by_range (day date not null, amount numeric, id int) partition by range (day);
create table by_range_2025 partition of by_range for values from ('2025-01-01') to ('2026-01-01');
create table by_range_2026 partition of by_range for values from ('2026-01-01') to ('2027-01-01') partition by list (id);
create table by_range_2026_one partition of by_range_2026 for values in (1);
create table by_range_2026_rest partition of by_range_2026 default;
alter table by_range add primary key (day, id);
create index by_range_amount on by_range (amount);
create table by_hash (state status not null, id int) partition by hash (state);
create table by_hash_0 partition of by_hash for values with (modulus 3, remainder 0);
create table by_hash_1 partition of by_hash for values with (modulus 3, remainder 1);
create table by_hash_2 partition of by_hash for values with (modulus 3, remainder 2);
create table line (order_id bigint references orders, day date, id int, foreign key (day, id) references by_range);

-- Functions: as a string, BEGIN ATOMIC, a procedure, an aggregate, plpgsql, with settings
create function net_of(gross numeric, rate numeric default 20) returns numeric language sql immutable
    as 'select gross / (1 + rate / 100)';
create function orders_of(who bigint) returns setof orders language sql stable
    begin atomic
        select o.* from orders as o join customer as c on c.id = o.customer where c.id = who;
    end;
create function touch() returns trigger language plpgsql security definer set search_path = pg_catalog
    as $f$ begin new.note := coalesce(new.note, '') || ' "touched"'; return new; end $f$;
create procedure clean(inout removed int) language plpgsql as $p$ begin removed := 0; end $p$;
create aggregate product(numeric) (sfunc = numeric_mul, stype = numeric, initcond = '1');
create function same_status(a status, b status) returns bool language sql immutable return a = b;
create operator === (leftarg = status, rightarg = status, function = same_status);
create cast (money_amount as text) with inout;
comment on function net_of(numeric, numeric) is 'Net of gross';
revoke execute on function net_of from public;
grant execute on function net_of to everything_reader;

-- Views
create view order_view with (security_invoker = true, security_barrier = true) as
    select o.id, o.state, o.gross, c.name from orders as o join customer as c on c.id = o.customer
    where o.net > 0 and c.name <> 'nobody';
create view checked_view as select id, state from orders where net > 5 with local check option;
create view simple_view as select id, upper(name) as name, (name || ' ' || email)::varchar(80) as both from customer;
create view grouped_view as
    select state, count(*) as orders, sum(net) filter (where rate > 0) as net, max(placed)::date as last,
        extract(year from min(placed)) as year
    from orders group by rollup (state) having count(*) > 0 order by state;
create materialized view order_totals as select state, sum(net) as net from orders group by state;
create unique index order_totals_state on order_totals (state);
create materialized view never_filled as select 1 as one with no data;
comment on view simple_view is 'Names';
comment on column simple_view.both is 'Name and address';
alter view simple_view alter column name set default 'nobody';

-- Triggers and rules
create trigger touch before insert or update of note on orders for each row when (new.net > 5) execute function touch();
create trigger asleep before update on orders for each row execute function touch();
alter table orders disable trigger asleep;
create trigger always before insert on customer for each statement execute function touch();
alter table customer disable trigger always;
create constraint trigger late after insert on by_range_2025 deferrable initially deferred
    for each row execute function touch();
alter table by_range_2025 disable trigger late;
create trigger of_root before insert on by_range for each row when (new.id < -5) execute function touch();
create rule no_delete as on delete to empty where old.id > 0 do instead nothing;
comment on trigger touch on orders is 'Writes the note';

-- Row-level security
alter table customer enable row level security;
create policy own_rows on customer for select to everything_reader using (name = current_user);
create policy clerk_writes on customer as restrictive for insert to everything_clerk, everything_reader
    with check (name <> '' and id in (select id from shop.parent));
comment on policy own_rows on customer is 'Their own';

-- Privileges: of columns, with the grant option, by a grantor who is not the owner, and less than the default
grant select (id, name), update (name) on customer to everything_reader;
grant all on orders to everything_clerk with grant option;
set role everything_clerk;
grant select on shop.orders to everything_reader;
grant select on shop.orders to "everything ""Quoted"" rôle";
reset role;
revoke select on parent from everything_reader;
grant select on empty to public;
revoke all on scratch from everything_reader;
create table clerks_own (id int primary key, note text);
create function clerks_function() returns int language sql return 1;
alter table clerks_own owner to everything_clerk;
alter function clerks_function owner to everything_clerk;

-- Publications
create publication everything_tables for table orders (id, net) where (net > 10), empty with (publish = 'insert, update');
create publication everything_roots for table by_range with (publish_via_partition_root = true);
comment on publication everything_tables is 'For nobody';

-- Rows
insert into customer (email, name) select 'a' || g || '@shop', 'name ' || g from generate_series(1, 50) as g;
insert into orders (customer, state, placed, net, rate, note)
select 100 + 5 * (g % 50), (array['new', 'paid', 'sent', 'it''s "odd"'])[1 + g % 4]::status,
    timestamptz '2025-06-01 12:00+02' + g * interval '1 hour', g * 1.5, 20, case when g % 3 > 0 then 'note ' || g end
from generate_series(1, 500) as g;
update customer set best_order = 7 where id = 105;
insert into every_type
select g, g % 2 = 0, g, g * 1000000007::bigint, case g % 3 when 0 then 1.50 when 1 then 1.5 else 'NaN' end::numeric, g / 7.0,
    g / 3.0, case g % 4 when 0 then '-0' when 1 then 'Infinity' when 2 then 0.1 else g / 3.0 end::float8, g::numeric::money,
    'text ' || g, e'tab\t back\\slash', 'ünï', '', 'ab', 'cd  ', 'x', 'a name',
    decode(md5(g::text), 'hex'), md5(g::text)::uuid, g,
    date '2025-01-01' + g, time '10:00' + g * interval '1 s', timetz '10:00+02', timestamp '2025-01-01' + g * interval '1 us',
    timestamptz '2025-01-01 00:00+00' + g * interval '1 h', make_interval(days => g, secs => 0.5),
    '{"a" : 1}', '{"b": 1.0, "a": [null, "x"]}', '$.a[*] ? (@ > 1)', '<a/>', '10.0.0.1/8', '10.0.0.0/8',
    '08:00:2b:01:02:03', b'0101', b'1', '(1,2)', '((0,0),(1,1),(1,0))', 'a fat cat', 'fat & cat',
    'it''s "odd"', '{new,"it''s \"odd\""}', '{1,null,3}', '{"","a b",NULL,"null"}', '{{1.0,2.00},{3,4}}', (1.50, 'EUR')::money_amount,
    array[(1.5, 'EUR')::money_amount, null], (1, (2.0, 'GBP'), array['x', null])::nested,
    '[1,5)', '(1.0,2.50]', '[2025-01-01 00:00+00,)', '{[1,3),[5,7)}', '[0.1,0.3)',
    1.0, 'paid', (3, 'USD')::money_amount, case when g % 2 = 0 then 'MiXed' else 'mixed' end::citext, 'Top.Science.a1', 'a=>1, b=>NULL',
    'pg_catalog.pg_class', '16/B374D848'
from generate_series(1, 40) as g;
insert into every_type (id) values (1000);
insert into no_columns default values;
insert into no_columns default values;
insert into scratch values (1, 'one'), (2, null);
insert into "Ünïcode schema"."odd ""name"" with 'quotes' and %s {brace}" values (1, 'groß', 2), (null, '', null);
insert into keywords values (1, 'x', '2025-01-01');
insert into parent values (1, 'parent'), (2, 'parent');
insert into child values (3, 'child', 'more');
insert into by_range select date '2025-01-01' + g, g / 3.0, g % 3 from generate_series(1, 600) as g;
insert into by_hash select (array['new', 'paid', 'sent'])[1 + g % 3]::status, g from generate_series(1, 30) as g;
insert into line select g, date '2025-01-01' + g, g % 3 from generate_series(1, 20) as g;
insert into clerks_own values (1, 'mine');
refresh materialized view order_totals;
select setval('only_set', 500, false);
select nextval('free_standing'), nextval('free_standing');
select lo_from_bytea(4242, '\x00010203ff');
select lo_from_bytea(4243, decode(repeat('ab', 700000), 'hex'));
select lo_from_bytea(4244, '');
grant select on large object 4242 to everything_reader;
comment on large object 4243 is 'A long one';
set search_path = pg_catalog, pg_temp;
