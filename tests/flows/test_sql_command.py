"""``retail sql`` answers as CSV in a pipe, and writes nothing."""

from tests.flows.conftest import Retail


def test_sql(retail: Retail) -> None:
    asked = retail("sql", "select 1 as one, 'a,b' as text, null as nothing")
    assert asked.code == 0, asked.err
    assert asked.out.splitlines() == ["one,text,nothing", '1,"a,b",']

    for statement in ("delete from retail_dwh.dim_date", "create table public.x (i int)", "commit", "begin"):
        refused = retail("sql", statement)
        assert refused.code == 1
        assert "read-only transaction" in refused.err
        assert "disk" not in refused.err
        assert "Traceback" not in refused.err

    wrong = retail("sql", "select nonsense")
    assert wrong.code == 1
    assert "nonsense" in wrong.err
