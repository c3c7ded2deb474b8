"""The documents' C# programs, as .NET's HttpClient puts them on the wire, byte by byte.

There is no .NET to be installed here. What it sends was read from its documentation: the Host first, then what was set on the
client, then the content's headers, with a charset in the Content-Type because a StringContent was given an encoding.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.conftest import Serve, Served
from tests.documents import DOCUMENTS, ROOT, find_json, read_lines
from tests.sockets import ask

CASES = ROOT / "tests" / "cases" / "dotnet.yaml"

pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason=f"no documents in {DOCUMENTS}")


def iter_programs() -> Iterator[Any]:
    said = yaml.safe_load(CASES.read_text("utf-8"))
    for program in said["programs"]:
        name = f"{said['provider']}-L{program['lines']}"
        yield pytest.param({**said, **program}, id=name, marks=pytest.mark.facts(*program["facts"]))


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    return serve("--speed", "1000")


@pytest.mark.parametrize("program", list(iter_programs()))
def test_csharp_program(program: dict[str, Any], served: Served) -> None:
    printed = read_lines(program["document"], program["lines"])
    body = printed[printed.index('"""') :].removeprefix('"""\n').partition('\n"""')[0].encode()
    assert json.loads(body) == json.loads(find_json(printed[printed.index('"""') :]))
    provider = served.providers[program["provider"]]
    place = urlsplit(provider.base_url)
    given = [(name, value.replace("{key}", provider.keys[0])) for name, value in program["headers"].items()]
    content = [("Content-Type", "application/json; charset=utf-8")]
    host = f"{place.hostname}:{place.port}"
    answer = ask(provider.base_url, "POST", place.path + program["path"], [*given, *content], body, host=host)
    assert answer.status == 200
    assert answer.media_type == program["answer"]
    assert program["says"] in answer.body.decode()
