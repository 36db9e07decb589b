"""What two readings fit is told with both, and settled by a flag; the other deliveries load."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.deliveries import as_csv, row, write


async def test_na_among_country_codes_and_the_encoding(
    retail: Retail, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    write(folder / "codes.csv", as_csv([row(invoice_no="1", country=code) for code in ("GB", "NA")]))
    write(folder / "names.csv", as_csv([row(invoice_no="2", description="£5 NOTE")]).encode("cp1252"))
    first = retail("etl", str(folder), "--json")
    assert first.code == 1
    by_name = {Path(one["name"]).name: one for one in first.report["deliveries"]}
    assert by_name["codes.csv"]["outcome"] == "failed"
    assert "its country NA (line 2) may be Namibia" in by_name["codes.csv"]["reason"]
    assert by_name["codes.csv"]["reason"].count("--missing-words") == 2
    assert by_name["names.csv"]["outcome"] == "loaded"
    (note,) = by_name["names.csv"]["notes"]
    assert note.startswith("Line 2 of the file is not UTF-8")
    assert "--encoding" in note

    second = retail("etl", str(folder), "--missing-words", "null", "--encoding", "windows-1252", "--json")
    assert second.code == 0, second.err
    assert second.report["outcomes"] == {"loaded": 1, "unchanged": 1}
    async with connected(warehouse) as connection:
        countries = await connection.fetch("select country from retail_dwh.sale_line order by country")
        kept = await connection.fetchrow("select missing_words, encoding from retail_ops.feed")
    assert [found[0] for found in countries] == ["GB", "NA", "United Kingdom"]
    assert kept is not None
    assert tuple(kept) == ("NULL", "cp1252")

    third = retail("etl", str(folder), "--encoding", "cp1250", "--json")
    assert third.code == 2
    assert "encoding = cp1252" in third.err
