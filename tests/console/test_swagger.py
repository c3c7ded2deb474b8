"""The pages on which each spec is read and tried: Swagger UI in a real browser, without a network."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.conftest import Serve
from tests.console.browsing import CHROMIUM, Watched, chromium, opened
from tests.sockets import ask
from understudy.specs.loader import load, shipped
from understudy.specs.model import Operation

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="!!! there is no Chromium here: apt-get install chromium"),
]

SLUGS = sorted(shipped())
NEEDS_TASK = ("task.get", "task.cancel")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def may_be_tried(operation: Operation) -> bool:
    """Without an id that another operation gives; and no sound, which the page's player asks for once more with GET."""
    return operation.behavior not in (*NEEDS_TASK, "speech") and not operation.media


def authorize(watched: Watched, key: str) -> None:
    """Give the key to each of the document's schemes, in the dialogue that the page has for that."""
    page = watched.page
    page.locator(".btn.authorize").first.click()
    expect(page.locator(".auth-container").first).to_be_visible()
    for scheme in page.locator(".auth-container").all():
        scheme.locator("input").fill(key)
        scheme.get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux .close-modal").click()


def block_of(watched: Watched, operation: Operation) -> Locator:
    # The page breaks long paths with characters that nobody sees; the attribute has none.
    path = watched.page.locator(f'[data-path="{operation.path}"]')
    return watched.page.locator(f".opblock-{operation.method.lower()}").filter(has=path)


def execute(watched: Watched, operation: Operation) -> int:
    """Try an operation as the page fills it in, from the spec's examples; gives the status."""
    block = block_of(watched, operation)
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    with watched.page.expect_response(lambda answer: answer.request.method == operation.method) as answered:
        block.get_by_role("button", name="Execute").click()
    status = answered.value.status
    expect(block.locator(".live-responses-table .response-col_status").last).to_contain_text(str(status))
    block.locator(".opblock-summary-control").click()
    return status


@pytest.mark.parametrize("slug", SLUGS)
def test_every_operation_can_be_tried_on_the_page(slug: str, browser: Browser, serve: Serve) -> None:
    served = serve("--clock", "virtual", slug)
    provider = served.providers[slug]
    operations = load(shipped()[slug]).operations
    tried = [operation for operation in operations if may_be_tried(operation)]
    with opened(browser, f"{provider.base_url}/docs") as watched:
        expect(watched.page.locator(".opblock")).to_have_count(len(operations))
        authorize(watched, provider.keys[0])
        assert {execute(watched, operation) // 100 for operation in tried} == {2}
    records = json.loads(ask(served.control_url, "GET", "/_understudy/journal?limit=100").body)["records"]
    asked = {record["operation"]: record["condition"] for record in records if record["provider"] == slug}
    assert asked == {operation.id: "" for operation in tried}
