"""What a spec says, as one plain value and as text: `understudy specs show`."""

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.commands.columns import iter_lines
from understudy.commands.formulas import in_words, rows_of
from understudy.specs.model import Kind, Provider

_CHARGES = {
    "success": "charged once, when it succeeds",
    "submit": "charged at submit, returned in full if it fails or is cancelled",
}
_REFUSALS = {
    "short": "refused when the credits do not cover the price",
    "empty": "refused only when no credits remain, else it waits for them",
}
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def portray(provider: Provider) -> dict[str, Any]:
    """The provider as JSON: who it is, endpoints, kinds of task, errors, limits."""
    document = provider.document
    return {
        "slug": provider.slug,
        "title": provider.title,
        "version": document["info"]["version"],
        "summary": document["info"].get("summary", ""),
        "document": document["x-provider"].get("document", ""),
        "hosts": {"api": list(provider.api_hosts), "media": list(provider.media_hosts)},
        "key": provider.key_pattern,
        "options": {name: list(values) for name, values in provider.options.items()},
        "endpoints": [
            {
                "method": operation.method,
                "path": operation.path,
                "behavior": operation.behavior,
                "summary": _said(provider, operation.method, operation.path).get("summary", ""),
                "origin": "media" if operation.media else "api",
            }
            for operation in provider.operations
        ],
        "kinds": {name: _kind(kind, document["x-tasks"][name]) for name, kind in provider.kinds.items()},
        "conditions": _conditions(document),
        "limits": _limits(document),
    }


def _said(provider: Provider, method: str, path: str) -> Mapping[str, Any]:
    said: Mapping[str, Any] = provider.document["paths"][path][method.lower()]
    return said


def _kind(kind: Kind, said: Mapping[str, Any]) -> dict[str, Any]:
    holds = ["held from submit to the end"] if kind.charge.hold else []
    return {
        "id": said["id"],
        "states": [
            {
                "name": state.name,
                "wire": state.wire,
                "phase": state.phase,
                "seconds": in_words(_bare(raw["seconds"])) if "seconds" in raw else "",
                "only with": [in_words(text) for text in raw.get("needs", ())],
            }
            for state, raw in zip(kind.states, said["states"], strict=True)
        ],
        "failures": [{"code": f.code, "from": f.state, "message": f.message} for f in kind.failures.values()],
        "price": in_words(_bare(said["price"])),
        "charge": "; ".join([_CHARGES[kind.charge.when], *holds, _REFUSALS[kind.charge.refuse]]),
        "cancel": sorted(kind.cancel),
        "foreign": kind.foreign,
        "results": [
            {
                "name": name,
                "type": in_words(_bare(raw["type"])),
                "size": in_words(_bare(raw["size"])),
                "sizes": dict(rows_of(_bare(raw["size"]))),
                "seconds": in_words(_bare(raw["seconds"])) if "seconds" in raw else "",
                "count": in_words(_bare(raw.get("count", 1))),
                "lifetime": raw["lifetime"],
            }
            for name, raw in said.get("results", {}).items()
        ],
    }


def _bare(formula: Any) -> Any:
    return {k: v for k, v in formula.items() if k != "x-source"} if isinstance(formula, Mapping) else formula


def _conditions(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "condition": name,
            "status": said["status"]["table"] if isinstance(said["status"], Mapping) else said["status"],
            "code": str(said.get("code", name)),
            "message": said.get("message", "{$error.detail}").replace("{$error.detail}", "…"),
        }
        for name, said in document["x-errors"]["conditions"].items()
    ]


def _limits(document: Mapping[str, Any]) -> dict[str, Any]:
    limits = document.get("x-limits", {})
    found: dict[str, Any] = {}
    if "concurrency" in limits:
        found["running at once"] = {f"from {paid} recharged": most for paid, most in limits["concurrency"]["tiers"]}
    if "rate" in limits:
        rate = limits["rate"]
        when = [f"{name} is {value}" for name, value in rate.get("when", {}).items()]
        found["requests"] = f"{rate['requests']} in {lasting(rate['seconds'])}" + (
            f", when {' and '.join(when)}" if when else ""
        )
    if "body" in limits:
        found["body"] = f"{limits['body']} bytes"
    if "x-idempotency" in document:
        word = document["x-idempotency"]
        found["repeatable by"] = f"{word['header']}, for {lasting(word['lifetime'])}"
    return found


def lasting(seconds: float) -> str:
    """A time in the largest unit that fits: `7 days`, `90 seconds`."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds % size == 0), (1, "second"))
    count = seconds / size
    return f"{count:g} {unit}{'' if count == 1 else 's'}"


def iter_portrait(said: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a portrait."""
    yield f"{said['title']} {said['version']} ({said['slug']})"
    if said["summary"]:
        yield f"  {said['summary']}"
    facts = [
        ("document", said["document"]),
        ("hosts", ", ".join(said["hosts"]["api"])),
        ("media hosts", ", ".join(said["hosts"]["media"])),
        ("key", said["key"]),
        *(
            (f"option {name}", f"{values[0]} (default), {', '.join(values[1:])}")
            for name, values in said["options"].items()
        ),
    ]
    yield from iter_lines(row for row in facts if row[1])
    yield from _section(
        "Endpoints",
        [(e["method"], e["path"], e["behavior"], _summary(e)) for e in said["endpoints"]],
    )
    for name, kind in said["kinds"].items():
        yield from _iter_kind(name, kind)
    yield from _section(
        "Errors",
        [(c["condition"], _status(c["status"]), c["code"], c["message"]) for c in said["conditions"]],
    )
    yield from _section("Limits", list(_iter_limits(said["limits"])))


def _summary(endpoint: Mapping[str, Any]) -> str:
    on_media = " (second origin)" if endpoint["origin"] == "media" else ""
    return f"{endpoint['summary']}{on_media}"


def _section(title: str, rows: list[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield ""
        yield title
        yield from iter_lines(rows)


def _status(status: Any) -> str:
    return (
        " or ".join(f"{code} ({value})" for value, code in status.items())
        if isinstance(status, Mapping)
        else str(status)
    )


def _iter_kind(name: str, kind: Mapping[str, Any]) -> Iterator[str]:
    said_id = kind["id"]
    id_form = said_id if isinstance(said_id, str) else _by_option(said_id["table"])
    cancel = " or ".join(kind["cancel"]) if kind["cancel"] else "never"
    facts = [
        ("id", id_form),
        ("price", kind["price"]),
        ("charge", kind["charge"]),
        ("cancel", cancel),
    ]
    yield from _section(f"Task kind {name}", [*facts, ("another's task", kind["foreign"])])
    yield from _table("states", [(s["name"], _wire(s), s["phase"], _stay(s)) for s in kind["states"]])
    yield from _table("failures", [(f["code"], f"from {f['from']}", f["message"]) for f in kind["failures"]])
    yield from _table(
        "results",
        [(r["name"], r["type"], f"kept {lasting(r['lifetime'])}", _made(r)) for r in kind["results"]],
    )
    told: list[Any] = []
    for result in kind["results"]:
        if result["sizes"] and result["sizes"] not in told:
            told.append(result["sizes"])
            yield from _table(f"size of {result['name']}", list(result["sizes"].items()))


def _table(title: str, rows: list[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield f"  {title}"
        yield from iter_lines(rows, "    ")


def _by_option(table: Mapping[str, str]) -> str:
    return ", ".join(f"{form} ({value})" for value, form in table.items())


def _wire(state: Mapping[str, Any]) -> str:
    return "" if state["wire"] == state["name"] else f"= {state['wire']}"


def _stay(state: Mapping[str, Any]) -> str:
    stay = f"{state['seconds']} s" if state["seconds"] else ""
    needs = f"only with {' or '.join(state['only with'])}" if state["only with"] else ""
    return ", ".join(filter(None, (stay, needs)))


def _made(result: Mapping[str, Any]) -> str:
    count = f"{result['count']} of them, " if result["count"] != "1" else ""
    seconds = f", for {result['seconds']} s" if result["seconds"] else ""
    return f"{count}{result['size']}{seconds}"


def _iter_limits(limits: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, said in limits.items():
        text = ", ".join(f"{most} {words}" for words, most in said.items()) if isinstance(said, Mapping) else str(said)
        yield name, text
