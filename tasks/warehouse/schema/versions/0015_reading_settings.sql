-- How the text of a feed's deliveries becomes values, where more than one reading fits it.
alter table retail_ops.feed
    add column decimal text check (decimal in ('.', ',')),
    add column encoding text,
    add column missing_words text,
    add column last_line_end text check (last_line_end in ('optional', 'required'));

comment on column retail_ops.feed.decimal is
    'Decimal mark of its numbers; null as long as all its numbers have one reading.';
comment on column retail_ops.feed.encoding is
    'Encoding of its text files; null for UTF-8, with Windows-1252 for lines that are not.';
comment on column retail_ops.feed.missing_words is
    'Words that stand for a missing value, separated by commas, or none; null for the usual ones.';
comment on column retail_ops.feed.last_line_end is
    'Whether the last line of a text file has a line end where it is whole; null if each file is judged by itself.';
