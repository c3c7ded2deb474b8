"""A client of the zoo: submits one task to a provider, polls it and fetches its result.

BASE_URL=… API_KEY=… python task_client.py juhuo "a cat"
"""

import sys
from typing import Any

from tests.clients.kit.providers import PROVIDERS
from tests.clients.kit.runs import Run, main
from tests.clients.kit.tasks import Tasks


def fulfil(run: Run) -> dict[str, Any]:
    """One wish."""
    return Tasks(run, PROVIDERS[sys.argv[1]]).fulfil()


if __name__ == "__main__":
    main(fulfil)
