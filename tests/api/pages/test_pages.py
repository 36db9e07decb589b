"""The pages as a client reads them: content, escaping, users, caching."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import httpx
import pytest

from api.pages.site import NAVIGATION
from tests.api.pages.conftest import HOSTILE_FEED, HOSTILE_NAME, SECRET, last_run
from tests.support.api_server import ApiServer

PAGES = ("/", "/quality", "/deliveries", "/quarantine", "/runs", "/backups")


class Elements(HTMLParser):
    """The elements of a page, its texts, and the columns of its tables."""

    VOID = ("meta", "link", "wbr", "path", "rect", "line", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def read(api: ApiServer, path: str, **query: str) -> Elements:
    answer = api.viewer.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    elements = Elements(answer.text)
    assert not elements.open
    return elements


@pytest.mark.parametrize("path", [*PAGES, "RUN"])
def test_what_every_page_has(pages: ApiServer, path: str) -> None:
    page = read(pages, f"/runs/{last_run(pages)}" if path == "RUN" else path)
    current = [link["href"] for link in page.of("a") if link.get("aria-current") == "page"]
    assert current == ["/runs" if path == "RUN" else path]
    assert [link["href"] for link in page.of("a")][2:9] == [address for address, _ in NAVIGATION]
    assert len(page.of("h1")) == len(page.of("main")) == 1
    assert len(page.of("caption")) == len(page.of("table"))
    assert all(cell.get("scope") in {"col", "row"} for cell in page.of("th"))
    boxes = [box for box in page.of("div") if box.get("class") == "scroll"]
    assert len(boxes) == len(page.of("table"))
    assert all(box.get("tabindex") == "0" and box.get("aria-label") for box in boxes)
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in page.of("svg"))
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert pages.viewer.head(path if path != "RUN" else f"/runs/{last_run(pages)}").status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "RUN"])
def test_outside_text_is_harmless(pages: ApiServer, path: str) -> None:
    page = read(pages, f"/runs/{last_run(pages)}" if path == "RUN" else path)
    assert not [tag for tag, _ in page.tags if tag in {"script", "img", "style", "b", "i"}]
    forbidden = [
        name for _, attributes in page.tags for name in attributes if name.startswith(("on", "style"))
    ]
    assert not forbidden
    addresses = [a.get(n) or "" for _, a in page.tags for n in ("href", "src", "action")]
    assert not [address for address in addresses if not re.match(r"(/(?!/)|#|$)", address)]
    assert SECRET not in page.text
    assert not [character for character in "\u202e\x1b" if character in page.text]


def test_hostile_text_is_shown_as_text(pages: ApiServer) -> None:
    for path in ("/deliveries", "/quarantine", f"/runs/{last_run(pages)}"):
        page = read(pages, path)
        assert "<script>alert(1)<script> \\u202egpj.csv" in page.text, path
        assert HOSTILE_FEED in page.text, path
    quarantine = read(pages, "/quarantine")
    assert "<img src=x onerror=alert(1)> \\x1b[31m" in quarantine.text
    report = read(pages, f"/runs/{last_run(pages)}")
    assert "postgresql://ann:********@h/db </pre><script>" in report.text
    assert "<b>too low</b>" in report.text


def test_the_links_of_hostile_names_lead_there(pages: ApiServer) -> None:
    links = [a["href"] or "" for a in read(pages, "/deliveries").of("a")]
    (link,) = [link for link in links if "gpj.csv" in link]
    page = Elements(pages.viewer.get(link).text)
    assert HOSTILE_FEED in page.text
    assert "1 to 1 of 1" in page.text
    assert HOSTILE_NAME.replace("\u202e", "\\u202e") in page.text


def test_rows_passed_over_notes_and_vanished_deliveries(pages: ApiServer) -> None:
    text = read(pages, "/deliveries", feed=HOSTILE_FEED).text
    assert "<i>1,207 rows</i> are no lines" in text
    assert "vanished from its source, found at 2026-11-02 00:30 UTC" in text
    assert "1,207" in text.replace("<i>1,207 rows", "")
    assert "does not add up" not in text
    assert "<i>1,207 rows</i> are no lines" in read(pages, f"/runs/{last_run(pages)}").text
    (row,) = pages.viewer.get("/api/v1/deliveries", params={"feed": HOSTILE_FEED}).json()["items"]
    assert row["passed_over"] == {"<b>card": {"rows": 1207, "amounts": {"GBP": "7.50"}}}
    assert (row["rows_passed_over"], row["vanished_at"]) == (1207, "2026-11-02T00:30:00Z")
    details = pages.viewer.get(f"/api/v1/runs/{last_run(pages)}").json()["details"]
    assert ["<i>1,207 rows</i> are no lines"] in [attempt["notes"] for attempt in details["attempts"]]


def test_overview(pages: ApiServer) -> None:
    text = read(pages, "/").text
    assert "2026-11-04 23:30 UTC" in text
    assert "/srv/refused.csv" in text
    (total,) = pages.viewer.get("/api/v1/sales").json()["totals"]
    assert f"GBP {float(total['amount']):,.2f}" in text
    assert f"{total['lines']:,}" in text
    assert "RETAIL_VAULT" in text


def test_quality(pages: ApiServer) -> None:
    page = read(pages, "/quality")
    # The days of the attempts in UTC, the last first, and once more in both charts.
    days = [time["datetime"] for time in page.of("time") if len(time["datetime"] or "") == 10]
    assert days == ["2026-11-04", "2026-11-02"]
    assert [svg["class"] for svg in page.of("svg")] == ["chart wide", "chart medium", "chart narrow"]
    assert page.text.count("2 Nov") == page.text.count("4 Nov") == 3
    assert "quantity_readable" in page.text
    assert "the quantity is a number nearer to 0 than 2^31" in page.text
    one = read(pages, "/quality", feed="default")
    assert "No line of the feed default is in quarantine" in one.text
    assert "quantity_readable" not in one.text


def test_deliveries_are_accounted_for(pages: ApiServer) -> None:
    page = read(pages, "/deliveries")
    deliveries = pages.viewer.get("/api/v1/deliveries").json()["items"]
    assert page.text.count("adds up") == len(deliveries) + 3
    assert "does not add up" not in page.text
    lines = sum(row["rows_in"] for row in deliveries if row["feed"] == "default")
    assert f"{lines:,}" in page.text
    one = read(pages, "/deliveries", feed="leeds")
    assert "1 to 1 of 1 deliveries" in one.text


def test_pages_of_a_list(pages: ApiServer) -> None:
    first = read(pages, "/deliveries", page_size="2")
    (link,) = [a["href"] or "" for a in first.of("a") if a.get("rel") == "next"]
    second = read(pages, link)
    assert "3 to 4 of 4 deliveries" in second.text
    assert [a for a in second.of("a") if a.get("rel") == "prev"]
    assert not [a for a in second.of("a") if a.get("rel") == "next"]
    beyond = read(pages, "/deliveries", page="9", page_size="2")
    assert "none of 4 deliveries" in beyond.text
    (back,) = [a["href"] or "" for a in beyond.of("a") if a.get("rel") == "prev"]
    assert "page=2&" in back


def test_a_run_has_its_lineage(pages: ApiServer) -> None:
    page = read(pages, f"/runs/{last_run(pages)}")
    (wide, narrow) = page.of("svg")
    assert wide["aria-label"] == narrow["aria-label"]
    for name in ("bronze", "silver", "quarantine", "dim_product", "fact_sale"):
        assert page.text.count(name) >= 2
    assert "of deliveries that were not loaded" in page.text


def test_pages_ask_for_a_user(pages: ApiServer) -> None:
    for path in (*PAGES, "/runs/00000000-0000-0000-0000-000000000000"):
        answer = pages.anyone.get(path, headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic"), path
        assert "user and a password" in Elements(answer.text).text
        assert pages.operator.get("/").status_code == 200


def test_the_stylesheet_may_be_kept(pages: ApiServer) -> None:
    page = read(pages, "/")
    for link in page.of("link"):
        answer = pages.anyone.get(link["href"] or "")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    other = re.sub(r"/static/\w+/", "/static/0123456789abcdef/", page.of("link")[-1]["href"] or "")
    assert pages.anyone.get(other).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/runs/00000000-0000-0000-0000-000000000000", 404),
        ("/runs/x", 422),
        ("/quarantine?delivery=nothing.csv", 404),
        ("/deliveries?page=0", 422),
    ],
)
def test_a_problem_is_a_page_for_a_browser(pages: ApiServer, path: str, status: int) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    answer = pages.viewer.get(path, headers=browser)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert answer.headers["vary"] == "accept"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = Elements(answer.text)
    assert not page.open
    assert "Next:" in page.text
    assert page.of("nav")
    for accept in ("*/*", "application/json", "application/problem+json, text/html;q=0.9"):
        plain = pages.viewer.get(path, headers={"accept": accept})
        assert plain.headers["content-type"] == "application/problem+json", accept
        assert plain.json()["status"] == status
        assert plain.json()["detail"] in page.text
    head = pages.viewer.head(path, headers=browser)
    assert (head.status_code, head.content) == (status, b"")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/runs/x", "/api/v1/supabase/health?x=1"])
def test_the_api_answers_a_browser_with_json(pages: ApiServer, path: str) -> None:
    answer: httpx.Response = pages.viewer.get(path, headers={"accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"
