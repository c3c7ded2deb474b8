"""A pytest plugin for the SDKs' own suites: a model that the provider has, where their examples name one of their own.

What upstream demands and an example leaves out (`create()` without any argument) is filled in, too. All else goes out
as the suite has it. Told by the environment: the SDK's name, and members of the body by path.
"""

import importlib
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

SDK = importlib.import_module(os.environ["UNDERSTUDY_SDK"] + "._base_client")
BODIES: dict[str, dict[str, Any]] = json.loads(os.environ["UNDERSTUDY_BODIES"])


@pytest.fixture(scope="session", autouse=True)
def known_models() -> Iterator[None]:
    """Every request body names a model that the provider has."""
    build = SDK.BaseClient._build_request

    def build_known(client: Any, options: Any, **more: Any) -> Any:
        filled = BODIES.get(options.url.partition("?")[0])
        if filled and isinstance(options.json_data, dict):
            options.json_data = {**filled, **options.json_data, "model": filled["model"]}
        return build(client, options, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SDK.BaseClient, "_build_request", build_known)
        yield
