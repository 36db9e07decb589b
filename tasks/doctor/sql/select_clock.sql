-- When the question arrived, and when it is answered: the last of the questions that arrive together.
select
    extract(epoch from statement_timestamp()) as received,
    extract(epoch from clock_timestamp()) as answered
