# sqlite3: tables, an index, a join, an update and a vacuum, in memory and in a file.
cat >work.sql <<'EOF'
create table person(id integer primary key, name text, town int);
create table town(id integer primary key, name text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
  insert into person select i, hex(i * 7919) || substr('abcdefghijklmnop', i % 16), i % 100 from n;
with recursive n(i) as (select 0 union all select i + 1 from n where i < 99)
  insert into town select i, 'town ' || i from n;
create index person_town on person(town, name);
select town.name, count(*), min(person.name), group_concat(person.id % 7)
  from person join town on town.id = person.town where person.id % 3 = 0 group by town.id order by 2, 1 limit 20;
update person set name = name || name where id % 5 = 0;
delete from person where id % 2 = 0;
select count(*), sum(length(name)) from person;
vacuum;
pragma integrity_check;
EOF
sqlite3 :memory: <work.sql
sqlite3 work.db <work.sql
sqlite3 work.db .dump | cksum
