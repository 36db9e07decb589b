"""The pages in Chromium: by keyboard, on a phone, light and dark, for screen readers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.api.pages.conftest import last_run
from tests.api.pages.test_pages import PAGES
from tests.support.api_server import ApiServer
from tests.support.browser import chromium, visit

pytestmark = pytest.mark.slow
ALL = (*PAGES, "RUN", "/nothing", "/docs")
# What axe cannot decide, and why that is fine here.
UNDECIDED: dict[str, str] = {
    # Text in SVG and in scrolled boxes; test_contrast_of_text computes every one of them.
    "color-contrast": "computed by test_contrast_of_text",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def address(api: ApiServer, path: str) -> str:
    return api.url + (f"/runs/{last_run(api)}" if path == "RUN" else path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ALL)
def test_axe_and_the_console_have_nothing_to_say(
    pages: ApiServer, browser: Browser, path: str, scheme: str
) -> None:
    with visit(browser, address(pages, path), color_scheme=scheme) as seen:
        found: dict[str, Any] = (
            Axe().run(seen.page, options={"resultTypes": ["violations", "incomplete"]}).response
        )
        # The one message is Chromium's about the status.
        assert [message for message in seen.messages if path != "/nothing" or "404" not in message] == []
    assert {f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found["violations"]} == set()
    assert {rule["id"] for rule in found["incomplete"]} <= set(UNDECIDED), found["incomplete"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, "RUN"])
@pytest.mark.parametrize("width", [1280, 390])
def test_contrast_of_text(pages: ApiServer, browser: Browser, path: str, scheme: str, width: int) -> None:
    with visit(browser, address(pages, path), width=width, color_scheme=scheme) as seen:
        texts = seen.contrasts("svg text")
        assert bool(texts) == (path in {"/quality", "/deliveries", "RUN"})
        texts += seen.contrasts(
            "p, a, td, th, caption, dt, dd, code, span, h1, h2, summary, figcaption, label, button"
        )
        ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 26)")
    assert [text for text in texts if text["contrast"] < 4.5] == []
    # No smaller on a phone.
    assert [text for text in texts if text["size"] < 11.5] == []


@pytest.mark.parametrize("path", [*PAGES, "RUN", "/nothing"])
def test_a_phone_does_not_scroll_sideways(pages: ApiServer, browser: Browser, path: str) -> None:
    with visit(browser, address(pages, path), width=390, is_mobile=True, has_touch=True) as seen:
        widths = seen.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        shown = [
            svg.get_attribute("class") for svg in seen.page.query_selector_all("svg") if svg.is_visible()
        ]
    assert widths == [390, 390]
    assert not [name for name in shown if name and "wide" in name]


def test_by_keyboard(pages: ApiServer, browser: Browser) -> None:
    with visit(browser, f"{pages.url}/") as seen:
        page = seen.page

        def focused() -> str:
            return str(page.evaluate("document.activeElement.textContent.trim()"))

        page.keyboard.press("Tab")
        assert focused() == "Skip to content"
        assert page.evaluate("document.activeElement.getBoundingClientRect().x") >= 0
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
        page.goto(f"{pages.url}/")
        names = []
        for _ in range(9):
            page.keyboard.press("Tab")
            names.append(focused())
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert names[1:] == [
            "Retail warehouse",
            *("Overview", "Quality", "Deliveries", "Quarantine", "Runs", "Backups", "API"),
        ]
        for _ in range(4):
            page.keyboard.press("Shift+Tab")
        assert focused() == "Deliveries"
        page.keyboard.press("Enter")
        page.wait_for_url("**/deliveries")
        expect(page.locator("[aria-current=page]")).to_have_text("Deliveries")
        page.get_by_label("Feed", exact=True).select_option("leeds")
        page.get_by_role("button", name="Show").press("Enter")
        page.wait_for_url("**/deliveries?feed=leeds")
        expect(page.get_by_text("1 to 1 of 1 deliveries")).to_be_visible()
        # A wide table is scrolled by the arrow keys.
        page.set_viewport_size({"width": 390, "height": 844})
        box = page.get_by_role("region", name="Deliveries")
        box.focus()
        page.keyboard.press("ArrowRight")
        expect(box).not_to_have_js_property("scrollLeft", 0)
        assert seen.messages == []


def test_from_a_delivery_to_its_lines_and_its_run(pages: ApiServer, browser: Browser) -> None:
    with visit(browser, f"{pages.url}/deliveries?feed=leeds") as seen:
        page = seen.page
        page.get_by_role("region", name="Deliveries").get_by_role("link", name="1", exact=True).click()
        assert page.get_by_role("heading", level=1).inner_text() == "Quarantine"
        row = page.get_by_role("region", name="Quarantined lines").get_by_role("row").nth(1)
        assert "quantity_readable" in row.inner_text()
        row.get_by_role("link").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("Run ")
        # The heading can be there before the stylesheet, which shows one of the two pictures.
        page.wait_for_load_state("load")
        picture = page.get_by_role("img")
        assert "into quarantine" in (picture.get_attribute("aria-label") or "")
        assert picture.count() == 1
        assert seen.messages == []


def test_hostile_text_runs_nowhere(pages: ApiServer, browser: Browser) -> None:
    for path in (*PAGES, "RUN"):
        with visit(browser, address(pages, path)) as seen:
            seen.page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
            assert seen.page.evaluate("document.scripts.length + document.images.length") == 0
            assert seen.messages == []
