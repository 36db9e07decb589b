"""Headless Chromium, with everything that a page says and asks on record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.api_server import PASSWORD
from tests.support.required import missing

# Relative luminance and contrast, as WCAG defines them, of every text that is drawn; backgrounds of the ancestors count.
_CONTRASTS = """
(selector) => {
  const numbers = (colour) => (colour.match(/[0-9.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll(selector)]
    .filter((e) => e.getClientRects().length)
    .map((e) => {
      const style = getComputedStyle(e);
      const behind = e.tagName === "text" && e.previousElementSibling?.closest("svg.lineage")
        ? numbers(getComputedStyle([...e.parentElement.querySelectorAll("rect")].find((r) => {
            const box = r.getBoundingClientRect(), own = e.getBoundingClientRect();
            return own.x >= box.x && own.x < box.right && own.y >= box.y - 1 && own.y < box.bottom;
          })).fill)
        : ground(e);
      const colour = numbers(e.tagName === "text" ? style.fill : style.color);
      const [a, b] = [luminance(colour), luminance(behind)].sort((x, y) => y - x);
      return { text: e.textContent, colour, ground: behind, contrast: (a + 0.05) / (b + 0.05),
               size: parseFloat(style.fontSize) * (e.ownerSVGElement
                 ? e.ownerSVGElement.getBoundingClientRect().width / e.ownerSVGElement.viewBox.baseVal.width : 1) };
    });
}
"""


@dataclass
class Visit:
    """A page, and what its browser noticed."""

    page: Page
    messages: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def contrasts(self, selector: str) -> list[dict[str, Any]]:
        """Text, colours, contrast and drawn size in pixels of the visible elements that match."""
        found: list[dict[str, Any]] = self.page.evaluate(_CONTRASTS, selector)
        return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium of the Debian package."""
    path = shutil.which("chromium") or missing("Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visit(browser: Browser, url: str, width: int = 1280, **more: Any) -> Iterator[Visit]:
    """Open a page as the viewer; ``more`` is for the browser's context."""
    address = urlsplit(url)
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        http_credentials={"username": "victor", "password": PASSWORD, "send": "always"},
        **more,
    )
    page = context.new_page()
    found = Visit(page)
    page.on("console", lambda message: found.messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.messages.append(str(error)))
    page.on("requestfailed", lambda request: found.messages.append(f"failed: {request.url}"))
    page.on("request", lambda request: found.hosts.add(urlsplit(request.url).netloc))
    try:
        answer = page.goto(url)
        assert answer is not None
        assert answer.status < 500, answer.text()
        yield found
    finally:
        context.close()
    assert found.hosts == {address.netloc}
