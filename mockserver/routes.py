"""Finding the operation of a request: a look-up or two, and patterns only for the rest."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.mockserver.stage import Act

Match = tuple["Act | None", dict[str, str], tuple[str, ...]]

_PLACE = re.compile(r"\{([^{}]+)\}")


class Routes:
    """Path and method to operation. `find` gives the operation, its path values, and the methods of the path."""

    def __init__(self, acts: Iterable["Act"]) -> None:
        self._exact: dict[str, dict[str, Act]] = {}
        self._last: dict[str, tuple[str, dict[str, Act]]] = {}
        self._patterns: list[tuple[re.Pattern[str], list[str], dict[str, Act]]] = []
        # Where `/jobs/{id}:stop` stands beside `/jobs/{id}`, the longer is asked first.
        self._crowded: set[str] = set()
        by_path: dict[str, dict[str, Act]] = {}
        for act in acts:
            by_path.setdefault(act.operation.path, {})[act.operation.method] = act
        for path, methods in by_path.items():
            self._add(path, methods)

    def find(self, method: str, path: str) -> Match:
        """The operation of a request; None with methods: another method; None without: unknown path."""
        methods = self._exact.get(path)
        values: dict[str, str] = {}
        if methods is None:
            head, _, tail = path.rpartition("/")
            found = self._last.get(head)
            if found is None or not tail or head in self._crowded:
                methods, values = self._search(path)
            if methods is None and found is not None and tail:
                methods, values = found[1], {found[0]: tail}
        if methods is None:
            return None, values, ()
        act = methods.get(method)
        return act, values, () if act else tuple(sorted(methods))

    def _add(self, path: str, methods: dict[str, "Act"]) -> None:
        names = _PLACE.findall(path)
        head, _, tail = path.rpartition("/")
        if not names:
            self._exact[path] = methods
        elif len(names) == 1 and tail == f"{{{names[0]}}}":
            self._last[head] = (names[0], methods)
        else:
            self._patterns.append((_pattern(path), names, methods))
            self._crowded.add(head)

    def _search(self, path: str) -> tuple[dict[str, "Act"] | None, dict[str, str]]:
        for pattern, names, methods in self._patterns:
            found = pattern.fullmatch(path)
            if found:
                return methods, dict(zip(names, found.groups(), strict=True))
        return None, {}


def _pattern(path: str) -> re.Pattern[str]:
    parts = []
    at = 0
    for found in _PLACE.finditer(path):
        parts.append(re.escape(path[at : found.start()]))
        parts.append("([^/]+)")
        at = found.end()
    parts.append(re.escape(path[at:]))
    return re.compile("".join(parts))
