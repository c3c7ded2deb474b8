"""Checks on who the provider is: keys, options, limits."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from understudy.specs.lint.subject import Subject
from understudy.specs.problems import Misfit, Place, known

_PLACES = ("{$base_url}", "{$api_key}", "{$host_url}")
_PLACE = re.compile(r"\{\$[^}]*\}")


def check_provider(subject: Subject) -> Iterator[Misfit]:
    """Accounts that cannot be told apart, keys that do not have the provider's form, unknown places."""
    who = subject.root["x-provider"]
    accounts = who["accounts"]
    for member in ("id", "key"):
        seen: set[str] = set()
        for index, account in enumerate(accounts):
            if account[member] in seen:
                yield Misfit(
                    f"two accounts have the {member} {account[member]!r}",
                    "",
                    ("x-provider", "accounts", index, member),
                )
            seen.add(account[member])
    yield from _check_keys(who["keys"], accounts)
    for name, text in who.get("environment", {}).items():
        for place in _PLACE.findall(text):
            if place not in _PLACES:
                yield Misfit(
                    f"{place} is not filled in",
                    known(place, _PLACES),
                    ("x-provider", "environment", name),
                )


def _check_keys(keys: Any, accounts: Any) -> Iterator[Misfit]:
    try:
        pattern = re.compile(keys["pattern"])
    except re.error as error:
        yield Misfit(f"{keys['pattern']!r} does not compile: {error}", "", ("x-provider", "keys", "pattern"))
        return
    samples: list[tuple[Place, str]] = [(("accounts", i, "key"), account["key"]) for i, account in enumerate(accounts)]
    if "example" in keys:
        samples.append((("keys", "example"), keys["example"]))
    for place, key in samples:
        if not pattern.search(key):
            advice = f"the pattern is {keys['pattern']}"
            yield Misfit(f"{key!r} is no key of this provider", advice, ("x-provider", *place))


def check_options(subject: Subject) -> Iterator[Misfit]:
    """Tables by an option that does not exist, or that forget or invent one of its values."""
    for place, said in _iter_optional(subject.root, ()):
        name, table = said["by"], said["table"]
        if name not in subject.options:
            yield Misfit(f"there is no option {name!r}", known(name, subject.options), (*place, "by"))
            continue
        values = subject.options[name]
        for value in values:
            if value not in table:
                yield Misfit(
                    f"the table by {name!r} has no {value!r}",
                    f"it needs: {', '.join(values)}",
                    (*place, "table"),
                )
        for value in table:
            if value not in values:
                yield Misfit(
                    f"{value!r} is no value of option {name!r}",
                    known(value, values),
                    (*place, "table", value),
                )


def _iter_optional(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Every `{by: option, table: …}`: its `by` is a name, a formula's is a list."""
    if isinstance(value, dict):
        if isinstance(value.get("by"), str) and isinstance(value.get("table"), dict):
            yield place, value
        for key, item in value.items():
            if key not in ("example", "examples"):
                yield from _iter_optional(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _iter_optional(item, (*place, index))


def check_limits(subject: Subject) -> Iterator[Misfit]:
    """Tiers out of order, a rate under an unknown option, an idempotency header that nothing submits."""
    limits = subject.root.get("x-limits", {})
    tiers = limits.get("concurrency", {}).get("tiers", [])
    for index in range(1, len(tiers)):
        if Decimal(str(tiers[index][0])) <= Decimal(str(tiers[index - 1][0])):
            below = ("x-limits", "concurrency", "tiers", index)
            yield Misfit("the tiers are not in order", "from the smallest amount on", below)
    place = ("x-limits", "rate", "when")
    for name, value in limits.get("rate", {}).get("when", {}).items():
        if name not in subject.options:
            yield Misfit(f"there is no option {name!r}", known(name, subject.options), (*place, name))
        elif value not in subject.options[name]:
            advice = known(value, subject.options[name])
            yield Misfit(f"{value!r} is no value of option {name!r}", advice, (*place, name))
    submits = any(spot.behavior == "task.submit" for spot in subject.operations)
    if "x-idempotency" in subject.root and not submits:
        yield Misfit("no operation submits a task", "the header is for task.submit", ("x-idempotency",))
