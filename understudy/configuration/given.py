"""What the environment and the file say for one verb, and where each value comes from."""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from understudy.cli import UsageError
from understudy.configuration.files import File, find_file, read_file
from understudy.configuration.schema import Known, read_known
from understudy.configuration.settings import HIDDEN, PREFIX, Setting
from understudy.specs.problems import known

# Names the file itself, or none when it is empty.
FILE_VARIABLE = f"{PREFIX}CONFIG"

_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "an integer"),
    "number": ((int, float), "a number"),
    "text": ((str,), "a text"),
    "scalar": ((str, int, float), "a text or a number"),
    "list": ((list,), "a list"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value, and what gave it: `UNDERSTUDY_PORT`, or a file's line."""

    value: Any
    origin: str


class Configuration:
    """The environment and the file, checked as a whole: an unknown name is refused whatever verb is run."""

    def __init__(self, environment: Mapping[str, str], file: File | None) -> None:
        """Raises UsageError for a name that is none."""
        self._environment = {n: text for n, text in environment.items() if n.startswith(PREFIX) and n != FILE_VARIABLE}
        self._file = file
        if self._environment or file:
            self._check(read_known())

    @property
    def path(self) -> Path | None:
        """The file that counts."""
        return self._file.path if self._file else None

    def find(self, setting: Setting, read: Callable[[str], Any]) -> Given | None:
        """What is said for a setting; `read` makes of a text what the flag would. Raises UsageError."""
        for variable in setting.variables:
            if variable in self._environment:
                return Given(_read_text(setting, self._environment[variable], variable, read), variable)
        return self._find_in_file(setting, read)

    def _find_in_file(self, setting: Setting, read: Callable[[str], Any]) -> Given | None:
        if self._file is None:
            return None
        own = self._file.said.get(setting.verb)
        for said, keys in ((own, (setting.verb,)), (self._file.said, ())):
            for name in (setting.name, setting.name.replace("-", "_")):
                if isinstance(said, dict) and name in said and not isinstance(said[name], dict):
                    origin = self._file.line(*keys, name)
                    return Given(_read_value(setting, said[name], origin, read, self._file.path.parent), origin)
        return None

    def _check(self, names: Known) -> None:
        for variable in self._environment:
            if variable not in names.variables:
                raise UsageError(f"there is no variable {variable}; {_nearest(variable, names.variables)}")
        if self._file:
            self._check_table(self._file, self._file.said, (), (*names.general, *names.verbs))

    def _check_table(
        self, file: File, said: Mapping[str, Any], keys: tuple[str, ...], allowed: tuple[str, ...]
    ) -> None:
        verbs = read_known().verbs
        for key, value in said.items():
            if key.replace("_", "-") not in allowed and key not in allowed:
                raise UsageError(f"{file.line(*keys, key)}: there is no setting {key!r}; {_nearest(key, allowed)}")
            if not keys and key in verbs:
                if not isinstance(value, dict):
                    raise UsageError(f"{file.line(key)}: {key} is a verb; its settings stand in a table [{key}]")
                self._check_table(file, value, (key,), verbs[key])
            elif isinstance(value, dict):
                raise UsageError(f"{file.line(*keys, key)}: {key} is a setting and no table")


def load() -> Configuration:
    """What counts in this process: its environment, and the file that is nearest to its folder."""
    named = os.environ.get(FILE_VARIABLE)
    if named is None:
        path = find_file(Path.cwd())
    elif named and not Path(named).is_file():
        raise UsageError(f"{FILE_VARIABLE} names {named!r}, and there is no such file")
    else:
        path = Path(named) if named else None
    return Configuration(os.environ, read_file(path) if path else None)


def _read_text(setting: Setting, text: str, origin: str, read: Callable[[str], Any]) -> Any:
    """The value of a variable: of a list the items have commas between them."""
    if setting.kind == "boolean":
        if text.lower() not in (*_YES, *_NO):
            raise UsageError(f"{origin} is {text!r}; it must be one of {', '.join(filter(None, (*_YES, *_NO)))}")
        return text.lower() in _YES
    if setting.kind == "list":
        return [_judged(setting, item.strip(), origin, read) for item in text.split(",") if item.strip()]
    return _judged(setting, text, origin, read)


def _read_value(setting: Setting, value: object, origin: str, read: Callable[[str], Any], folder: Path) -> Any:
    types, meaning = _KINDS[setting.kind]
    if setting.kind == "list" and isinstance(value, str):
        value = [value]
    if not isinstance(value, types) or (setting.kind != "boolean" and isinstance(value, bool)):
        shown = HIDDEN if setting.secret else repr(value)
        raise UsageError(f"{origin}: {setting.name} is {shown}; it must be {meaning}")
    if setting.kind == "boolean":
        return value
    if isinstance(value, list):
        return [_judged(setting, _placed(setting, str(item), folder), origin, read) for item in value]
    return _judged(setting, _placed(setting, str(value), folder), origin, read)


def _placed(setting: Setting, text: str, folder: Path) -> str:
    """A path in a file is relative to the file."""
    return str(folder / text) if setting.place and text else text


def _judged(setting: Setting, text: str, origin: str, read: Callable[[str], Any]) -> Any:
    """What the flag makes of the text; a refusal says where it stands."""
    try:
        value = read(text)
    except (argparse.ArgumentTypeError, ValueError, TypeError) as error:
        reason = str(error) if isinstance(error, argparse.ArgumentTypeError) else f"{text!r} cannot be read"
        raise UsageError(f"{origin}: {setting.name}: {reason}") from None
    if setting.choices and str(value) not in setting.choices:
        raise UsageError(f"{origin}: {setting.name} is {text!r}; {known(text, setting.choices)}")
    return value


def _nearest(name: str, names: Iterable[str]) -> str:
    """Only the nearest: there are too many to list them all."""
    near = get_close_matches(name, sorted(names), n=1)
    return (f"did you mean {near[0]}? " if near else "") + "understudy config show lists them all"
