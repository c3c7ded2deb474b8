"""What the user chose among the variants of a provider."""

from collections.abc import Mapping
from typing import Any

from understudy.specs.problems import Misfit, known


def chosen(options: Mapping[str, tuple[str, ...]], wanted: Mapping[str, str]) -> dict[str, str]:
    """The value of each option: the wanted one, else the first."""
    for name, value in wanted.items():
        if name not in options:
            raise Misfit(f"there is no option {name!r}", known(name, options))
        if value not in options[name]:
            raise Misfit(f"{value!r} is no value of option {name!r}", known(value, options[name]))
    return {name: wanted.get(name, values[0]) for name, values in options.items()}


def by_option(said: Any, options: Mapping[str, str]) -> Any:
    """A value, or the one that a table `{by: option, table: {value: …}}` gives in this profile."""
    if not isinstance(said, dict):
        return said
    value = options.get(said["by"])
    if value not in said["table"]:
        raise Misfit(f"the table by {said['by']!r} has no {value!r}", known(value, said["table"]))
    return said["table"][value]
