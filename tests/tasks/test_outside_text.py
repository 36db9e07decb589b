"""What looks like a secret is masked wherever it is shown; what only resembles one stays readable."""

from __future__ import annotations

import pickle

import pytest

from tasks.errors import DeliveryMissing
from tasks.outside_text import MASK, displayable, holds_password, mask_secrets_in

MARK = "xq7Kmarked"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ann:{MARK}@db.example.com/sales",
        f"postgresql://ann:{MARK}/x@y@db.example.com/sales",
        f"postgresql://:{MARK}@db/sales",
        # What is left of an address that was taken for a path.
        f"/srv/in/postgresql:/ann:{MARK}@db/sales: no such file.",
        f"ann:{MARK}@db.example.com/sales",
        f"host=db user=ann password={MARK} dbname=sales",
        f"host=db password='{MARK} {MARK}' dbname=sales",
        f"postgresql://ann@db/sales?password={MARK}&sslmode=require",
        f"https://hooks.slack.com/services/T0/B0/{MARK}",
        f"sk_live_{MARK}4eC39HqLyjWDarjt",
        f"xoxb-123456-{MARK}",
        f"sb_secret_{MARK}_abc",
        f"pnu_{MARK}4eC39HqLyjWDarjt",
        f"eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoi{MARK}.abc",
        f"key {MARK}4eC39HqLyjWDarjtT1zdp7dcQr5sT6u end",
    ],
)
def test_secrets_are_masked_once_and_for_all(text: str) -> None:
    shown = displayable(text)
    assert MARK not in shown
    assert MASK in shown
    assert displayable(shown) == shown
    assert MARK not in str(mask_secrets_in({"sources": [text], text: {"a": (text,)}}))
    error = DeliveryMissing(f"{text}: no such file.", text, delivery=text)
    assert MARK not in str(error) + error.reason + str(error.args)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann@db.example.com:5432/sales",
        "http://127.0.0.1:4200/api",
        "/srv/Tills1/deliveries/2011/december/and/more/data",
        "/srv/in/d41d8cd98f00b204e9800998ecf8427e.csv",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "sk_sales_2024_01_01_final.csv",
        "night@example.org,day@example.org",
        "completeness=2,validity=1",
        "Check user and password: they are wrong.",
        "s3://bucket/2011/12/till-0001.parquet",
        "20 7 * * *",
        "caf\u00e9 \u2013 \u65e5\u672c\u8a9e",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert displayable(text) == text
    assert not holds_password(text)
