"""The pages about providers: made of the specs, current, and every command on them is answered."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.conftest import Serve
from tests.sockets import ask
from understudy.commands.pages import BASE, iter_page
from understudy.specs.loader import load, shipped
from understudy.specs.model import Profile

PAGES = Path(__file__).parents[1] / "docs" / "providers"
SLUGS = sorted(shipped())
NEEDS_TASK = ("task.get", "task.cancel")


def test_there_is_a_page_for_each_provider_and_no_other() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == SLUGS


@pytest.mark.parametrize("slug", SLUGS)
def test_the_page_is_current(slug: str) -> None:
    made = "\n".join(iter_page(load(shipped()[slug]))).rstrip() + "\n"
    assert (PAGES / f"{slug}.md").read_text("utf-8") == made, "the spec has changed: run make pages"


@pytest.mark.parametrize("slug", SLUGS)
def test_the_page_tells_all_that_the_spec_says(slug: str) -> None:
    provider, page = load(shipped()[slug]), (PAGES / f"{slug}.md").read_text("utf-8")
    for operation in provider.operations:
        assert f"`{operation.method} {operation.path}`" in page
    for kind in provider.kinds.values():
        assert f"## Task kind `{kind.name}`" in page
        assert all(f"| {state.name} |" in page for state in kind.states)
        assert all(f"`{code}`" in page for code in kind.failures)
    assert all(f"| `{name}` |" in page for name in provider.document["x-errors"]["conditions"])
    assert all(source.fact in page for source in provider.sources if source.assumed)
    assert all(f"`{value}`" in page for values in provider.options.values() for value in values)


def iter_curls(page: str) -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL):
        assert block.startswith("curl"), block
        yield block


@pytest.mark.parametrize("slug", SLUGS)
def test_every_curl_of_the_page_is_answered(slug: str, serve: Serve) -> None:
    served = serve("--clock", "virtual")
    provider = load(shipped()[slug], Profile())
    page = (PAGES / f"{slug}.md").read_text("utf-8")
    curls = list(iter_curls(page))
    for curl in curls:
        command = curl.replace(f"{BASE}/{slug}", served.providers[slug].base_url).replace("curl", "curl -sS", 1)
        done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
        assert done.stdout, curl
    journal = orjson.loads(ask(served.control_url, "GET", "/_understudy/journal?limit=100").body)
    records = [record for record in journal["records"] if record["provider"] == slug]
    behaviors = {operation.id: operation.behavior for operation in provider.operations}
    assert len(records) == len(curls)
    assert len(curls) >= len([o for o in provider.operations if not o.media])
    for record in records:
        # No task has the name that stands for one.
        allowed = {"not_found"} if behaviors[record["operation"]] in NEEDS_TASK else {""}
        assert record["condition"] in allowed, record
