"""The console in a real browser, as its user goes through it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.conftest import Serve, Served
from tests.console.browsing import CHROMIUM, NARROW, WIDE, Watched, chromium, opened
from tests.counter import BOOKS, Counter
from tests.refusals import read_book
from tests.sockets import ask

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="!!! there is no Chromium here: apt-get install chromium"),
]

JUHUO = read_book("juhuo")
SECTIONS = ("tasks", "requests", "money", "callbacks", "faults", "scripts", "start")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    return serve("--clock", "virtual", "--speed", "1")


@pytest.fixture
def world(served: Served) -> Served:
    """A world of its own, so that no test sees what another did."""
    opened_world = ask(served.control_url, "POST", "/_understudy/worlds", [("Content-Type", "application/json")], b"{}")
    return Served({}, served.media_url, opened_world.json()["control_url"])


def submit_by_the_pages_curl(page: Watched) -> None:
    command = page.page.locator(".curl pre").first.inner_text()
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["code"] == "200", done.stdout


def test_the_first_ten_minutes(browser: Browser, world: Served) -> None:
    """Submit by the page's curl, watch, advance, play; provoke a failure and read which line it broke; Chinese."""
    with opened(browser, f"{world.control_url}/#/juhuo/tasks") as watched:
        page = watched.page
        expect(page.locator("#link")).to_have_text("live")
        submit_by_the_pages_curl(watched)
        row = page.locator('[aria-posinset="1"]')
        expect(row).to_contain_text("queued")
        row.click()
        expect(page.locator(".detail")).to_contain_text("There will be results")

        page.get_by_label("Advance").select_option("10")
        page.get_by_role("button", name="Advance").click()
        expect(row).to_contain_text("init")
        page.get_by_label("Advance").select_option("600")
        page.get_by_role("button", name="Advance").click()
        expect(row).to_contain_text("success")
        expect(row).to_contain_text("4.25")

        video = page.locator("video")
        assert video.evaluate(
            "v => new Promise(done => v.addEventListener('timeupdate', () => v.currentTime && done(true)))"
        )
        assert video.evaluate("v => [v.videoWidth, v.videoHeight, v.duration]") == [864, 496, 8]
        assert watched.violations() == []

        page.keyboard.press("5")
        page.get_by_label("Operation").select_option("video.submit")
        page.get_by_role("button", name="Switch on").click()
        expect(page.locator(".rule")).to_contain_text("condition=service_busy")
        page.keyboard.press("7")
        send = page.get_by_role("article").filter(has_text="Submit a video").get_by_role("button", name="Send")
        send.click()
        expect(page.locator(".answer").first).to_contain_text("5003")
        page.keyboard.press("5")
        expect(page.locator(".rule")).to_contain_text("spent")

        page.keyboard.press("2")
        page.get_by_label("only what is wrong").check()
        page.locator('[aria-posinset="1"]').click()
        expect(page.locator(".breaches")).to_contain_text("service_busy")
        expect(page.locator(".breaches")).to_contain_text(re.compile(r"juhuo\.txt, line \d+"))

        page.get_by_role("button", name="中文").click()
        expect(page.get_by_role("link", name="任务中心")).to_be_visible()
        expect(page.get_by_role("heading", name="请求")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "zh-CN"


def test_a_request_that_breaks_the_contract_shows_the_line(browser: Browser, served: Served) -> None:
    counter = Counter(JUHUO, served, "virtual")
    good = JUHUO.said["at"]["submit"]
    counter.call("POST", good["path"], counter.headers_of({}), b'{"prompt": "a cat", "duration": 99}')
    with opened(browser, f"{served.control_url}/#/juhuo/requests") as watched:
        watched.page.locator('[aria-posinset="1"]').click()
        breaches = watched.page.locator(".breaches li").first
        expect(breaches).to_contain_text("duration范围为4-15")
        expect(breaches).to_contain_text("juhuo.txt, line 111+123 (JH-045)")


def test_a_task_that_fails_and_one_that_is_cancelled(browser: Browser, serve: Serve) -> None:
    served = serve("--clock", "virtual", "--speed", "1", "--seed", "3")
    books = {book.provider: Counter(book, served, "virtual") for book in BOOKS}
    books["juhuo"].submit({}, headers={"Prefer": "outcome=PIPELINE_TIMEOUT"})
    books["storyclaw"].submit({})
    books["juhuo"].steer("POST", "/clock/advance", {"seconds": 30})
    with opened(browser, f"{served.control_url}/#/storyclaw/tasks") as watched:
        page = watched.page
        page.locator('[aria-posinset="1"]').click()
        page.get_by_role("button", name="Cancel the task").click()
        expect(page.locator('[aria-posinset="1"]')).to_contain_text("cancel")
        page.get_by_label("Advance").select_option("600")
        page.get_by_role("button", name="Advance").click()
        page.goto(f"{served.control_url}/#/juhuo/tasks")
        page.locator('[aria-posinset="1"]').click()
        expect(page.locator(".detail .wrong")).to_contain_text("PIPELINE_TIMEOUT")
        page.keyboard.press("Escape")
        books["juhuo"].submit({})
        page.locator('[aria-posinset="1"]').filter(has_text="queued").click()
        page.get_by_label("Code of the failure").select_option("TRANSFER_FAILED")
        page.get_by_role("button", name="Let it fail").click()
        expect(page.locator(".detail .wrong")).to_contain_text("TRANSFER_FAILED")
        page.get_by_label("State", exact=True).select_option("succeeded")
        expect(page.locator(".none")).to_have_text("Nothing fits.")


def test_ten_thousand_tasks_are_a_few_rows(browser: Browser, serve: Serve) -> None:
    served = serve("--clock", "virtual", "juhuo")
    counter = Counter(JUHUO, served, "virtual")
    good = JUHUO.said["at"]["submit"]
    counter.steer("POST", "/juhuo/accounts/user123/credit", {"credits": 10_000_000})
    body = json.dumps(good["body"]).encode()
    for _ in range(400):
        counter.call("POST", good["path"], counter.headers_of({}), body)
    with opened(browser, f"{served.control_url}/#/juhuo/tasks") as watched:
        page = watched.page
        box = page.get_by_role("listbox")
        expect(page.locator(".count")).to_have_text("400 tasks")
        assert page.locator(".row").count() < 60
        newest = page.locator('[aria-posinset="1"]').locator(".id").inner_text()
        box.focus()
        page.keyboard.press("End")
        expect(page.locator('[aria-selected="true"]')).to_have_attribute("aria-posinset", "400")
        page.keyboard.press("Enter")
        expect(page.locator(".detail h2")).to_have_text(page.locator('[aria-selected="true"] .id').inner_text())
        before = page.locator('[aria-selected="true"]').bounding_box()
        counter.submit({})
        expect(page.locator(".count")).to_have_text("401 tasks")
        assert page.locator('[aria-selected="true"]').bounding_box() == before, "what is read stays where it is"
        page.keyboard.press("Escape")
        page.keyboard.press("Home")
        expect(page.locator('[aria-posinset="2"]').locator(".id")).to_have_text(newest)
        page.keyboard.press("/")
        page.keyboard.type(newest)
        expect(page.locator(".count")).to_contain_text("1 found")
        page.goto(f"{served.control_url}/#/juhuo/callbacks")
        expect(page.locator(".cards")).to_contain_text("Nobody was called back yet")


@contextmanager
def serving(port: int) -> Iterator[str]:
    """A server that is gone afterwards; gives the control API's address."""
    words = ["serve", "--port", str(port), "--media-port", "0", "--json", "juhuo"]
    command = [sys.executable, "-m", "understudy", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield str(json.loads(process.stdout.readline())["control_url"])
        process.terminate()


def test_it_comes_back_when_the_server_does(browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with serving(0) as url:
            page.goto(url + "/")
            expect(page.locator("#link")).to_have_text("live")
        expect(page.locator("#link")).to_have_text(re.compile("lost"))
        with serving(int(url.split(":")[2].split("/")[0])):
            expect(page.locator("#link")).to_have_text("live", timeout=20_000)


def test_who_is_quicker_than_the_server_is_shown_what_was_asked_for(browser: Browser, served: Served) -> None:
    """A link is followed, a key pressed and the language changed before the server has told what there is."""
    with opened(browser, "about:blank") as watched:
        page, held = watched.page, list[Route]()

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/console/about", hold)
        with page.expect_request("**/console/about"):
            page.goto(f"{served.control_url}/")
        page.keyboard.press("2")
        page.evaluate("location.hash = '/seedance2ai/money'")
        page.locator("#language").click()
        page.locator("#language").click()
        for route in held:
            route.continue_()
        expect(page.locator("#tabs [aria-current=page]")).to_have_attribute("data-section", "money")
        expect(page.locator("#provider")).to_have_value("seedance2ai")


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["1440-light", "390-dark"])
def test_every_section_is_fit_for_all(browser: Browser, serve: Serve, size: tuple[int, int], scheme: str) -> None:
    """axe-core finds nothing, nothing is wider than the screen, nothing is thrown; screenshots are kept in build/."""
    served = serve("--clock", "virtual", "--seed", "5", "--allow-local-callbacks")
    counters = [Counter(book, served, "virtual") for book in BOOKS]
    for counter in counters:
        counter.submit({})
    counters[0].steer("POST", "/clock/advance", {"seconds": 5})
    shots = Path("build/console")
    shots.mkdir(parents=True, exist_ok=True)
    with opened(browser, f"{served.control_url}/#/storyclaw/tasks", size, color_scheme=scheme) as watched:
        page = watched.page
        for section in SECTIONS:
            page.goto(f"{served.control_url}/#/storyclaw/{section}")
            expect(page.locator(f'[data-section="{section}"]')).to_have_attribute("aria-current", "page")
            page.wait_for_timeout(150)
            if section in ("tasks", "requests"):
                page.locator('[aria-posinset="1"]').click()
                expect(page.locator(".detail .curl")).to_be_visible()
            assert watched.violations() == [], section
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{section} is too wide"
            page.screenshot(path=shots / f"{section}-{size[0]}-{scheme}.png")
            page.keyboard.press("Escape")


def test_time_is_paused_moved_and_goes_on(browser: Browser, serve: Serve) -> None:
    """On a clock that moves by itself: a task stands while the clock does, and runs on from there."""
    served = serve("--speed", "1", "juhuo")
    Counter(JUHUO, served, "real").submit({})
    with opened(browser, f"{served.control_url}/#/juhuo/tasks") as watched:
        page = watched.page
        page.get_by_role("button", name="Pause").click()
        stands = page.locator("#clock time").inner_text()
        page.get_by_label("Advance").select_option("600")
        page.get_by_role("button", name="Advance").click()
        expect(page.locator(".row")).to_contain_text("success")
        assert page.locator("#clock time").inner_text() != stands
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Speed").select_option("600")
        expect(page.get_by_label("Speed")).to_have_value("600")
        Counter(JUHUO, served, "real").submit({})
        expect(page.locator('[aria-posinset="1"]')).to_contain_text("success")


def test_a_reply_script_is_given_and_taken_away(browser: Browser, served: Served) -> None:
    script = {"replies": [{"operation": "video.submit", "steps": [{"fault": "status", "status": 503}, "healthy"]}]}
    with opened(browser, f"{served.control_url}/#/juhuo/scripts") as watched:
        page = watched.page
        page.locator("textarea").fill("{")
        page.get_by_role("button", name="Let it play").click()
        expect(page.locator("#toast")).to_contain_text("This is not JSON")
        page.locator("textarea").fill(json.dumps(script))
        page.get_by_role("button", name="Let it play").click()
        expect(page.get_by_role("heading", name="The script at work")).to_be_visible()
        assert watched.violations() == []
        page.get_by_role("button", name="Take it away").click()
        expect(page.locator("textarea")).to_be_visible()


def test_a_server_that_asks_for_a_token(browser: Browser, serve: Serve) -> None:
    served = serve("--control-token", "let-me-in", "--clock", "virtual", "juhuo")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{served.control_url}/")
        page.get_by_label("This server asks").fill("let-me-in")
        page.get_by_role("button", name="Enter").click()
        expect(page.locator("#link")).to_have_text("live")
        expect(page.get_by_text("No task yet")).to_be_visible()
