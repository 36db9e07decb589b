create temporary table staged_quarantine (
    delivery integer not null,
    line_no integer not null,
    rules text[] not null,
    rejected_values text[] not null,
    raw text not null
)
