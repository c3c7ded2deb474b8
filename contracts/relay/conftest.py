"""What the modules share: the provider, the one run of the session, and the clauses as parameters."""

import pytest

from understudy.contracts.clauses import iter_clauses
from understudy.contracts.contract import Contract
from understudy.contracts.relay.session import find_provider, run_once, settings_of
from understudy.contracts.run import Result
from understudy.specs.model import Provider

_UNSAID = "say whom to judge: --understudy-provider, --understudy-base-url and --understudy-api-key"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each clause, or for each kind of task, of the provider."""
    provider = find_provider(metafunc.config)
    if "clause" in metafunc.fixturenames:
        names = [clause.id for clause in iter_clauses(Contract(provider))] if provider else []
        metafunc.parametrize("clause", names)
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", list(provider.kinds) if provider else [])


@pytest.fixture(scope="session")
def provider(request: pytest.FixtureRequest) -> Provider:
    """The provider that the target claims to be."""
    found = find_provider(request.config)
    if found is None or not request.config.getoption("--understudy-api-key"):
        pytest.skip(_UNSAID)
    return found


@pytest.fixture(scope="session")
def result(request: pytest.FixtureRequest, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The one run of this session."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if hasattr(request.config, "workerinput") else base
    return run_once(provider, settings_of(request.config), shared)
