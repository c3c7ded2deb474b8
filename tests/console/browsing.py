"""A real browser for the console's tests: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
MILLISECONDS = 10_000
expect.set_options(timeout=MILLISECONDS)
WIDE, NARROW = (1440, 900), (390, 844)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; without a sandbox, which a container does not allow, and with sound and video allowed to begin."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, and whatever it did that it may not: an error in its console, a request to another machine."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.set_default_timeout(MILLISECONDS)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"thrown: {error}"))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if not request.url.startswith(("data:", "blob:")) and host != "127.0.0.1":
            self.wrong.append(f"asked {request.url}")

    def violations(self) -> list[str]:
        """What axe-core finds on the page as it is shown now."""
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]


@contextmanager
def opened(browser: Browser, url: str, size: tuple[int, int] = WIDE, **context: str) -> Iterator[Watched]:
    """A fresh page at an address; it must have done nothing wrong in the end."""
    chosen = {"viewport": {"width": size[0], "height": size[1]}, "locale": "en-GB", "color_scheme": "light", **context}
    with browser.new_context(**chosen) as made:  # type: ignore[arg-type]
        watched = Watched(made.new_page())
        watched.page.goto(url)
        yield watched
        assert watched.wrong == [], watched.wrong
