"""Completion scripts for three shells, each made of the same list of words."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Word:
    """A word that may follow the verbs `after`; `choices` are what a flag's value may be, none: a file or anything."""

    after: tuple[str, ...]
    text: str
    meaning: str
    choices: tuple[str, ...] = ()
    takes_value: bool = False


def _bash(words: Sequence[Word]) -> str:
    return _POSIX.format(cases="\n".join(_iter_cases(words)), values="\n".join(_iter_values(words))) + _BASH


def _zsh(words: Sequence[Word]) -> str:
    return _POSIX.format(cases="\n".join(_iter_cases(words)), values="\n".join(_iter_values(words))) + _ZSH


def _iter_cases(words: Sequence[Word]) -> Iterator[str]:
    """For each chain of verbs, what may follow it."""
    for verbs, group in groupby(sorted(words, key=_after), key=_after):
        yield f"    {shlex.quote(' '.join(verbs))}) echo {shlex.quote(' '.join(word.text for word in group))} ;;"


def _iter_values(words: Sequence[Word]) -> Iterator[str]:
    """For each flag that takes a value, what that may be; `-` stands for files."""
    for word in words:
        if word.takes_value:
            said = " ".join(word.choices) or "-"
            yield f"    {shlex.quote(' '.join((*word.after, word.text)))}) echo {shlex.quote(said)} ;;"


def _after(word: Word) -> tuple[str, ...]:
    return word.after


# Which verbs stand before the cursor: words that are no flag, as long as they are known as verbs.
_POSIX = """\
# Completion for understudy; made by `understudy completion`.
_understudy_follow() {{
  case "$1" in
{cases}
  esac
}}
_understudy_value() {{
  case "$1" in
{values}
  esac
}}
_understudy_words() {{
  local verbs='' word previous="$1" values
  shift
  for word in "$@"; do
    case " $(_understudy_follow "$verbs") " in
      *" $word "*) case "$word" in -*) ;; *)
        if [ -n "$(_understudy_follow "${{verbs:+$verbs }}$word")" ]; then verbs="${{verbs:+$verbs }}$word"; fi ;;
      esac ;;
    esac
  done
  values="$(_understudy_value "${{verbs:+$verbs }}$previous")"
  if [ -n "$values" ]; then echo "$values"; else _understudy_follow "$verbs"; fi
}}
"""

_BASH = """\
_understudy() {
  local current="${COMP_WORDS[COMP_CWORD]}" words
  words="$(_understudy_words "${COMP_WORDS[COMP_CWORD-1]}" "${COMP_WORDS[@]:1:COMP_CWORD-1}")"
  if [ "$words" = - ]; then COMPREPLY=(); else COMPREPLY=($(compgen -W "$words" -- "$current")); fi
}
complete -o default -F _understudy understudy
"""

_ZSH = """\
_understudy() {
  local said
  said="$(_understudy_words "${words[CURRENT-1]}" "${(@)words[2,CURRENT-1]}")"
  if [[ "$said" == - || -z "$said" ]]; then _files; else compadd -- ${=said}; fi
}
compdef _understudy understudy
"""


def _fish(words: Sequence[Word]) -> str:
    lines = ["# Completion for understudy; made by `understudy completion`.", "complete -c understudy -f"]
    return "\n".join([*lines, *(_fish_line(word, words) for word in words)]) + "\n"


def _fish_line(word: Word, words: Sequence[Word]) -> str:
    below = {other.text for other in words if other.after == word.after and _is_verb(other, words)}
    seen = [f"__fish_seen_subcommand_from {verb}" for verb in word.after]
    unseen = [f"not __fish_seen_subcommand_from {' '.join(sorted(below))}"] if word.text in below else []
    parts = ["complete -c understudy"]
    if seen or unseen:
        parts.append(f"-n {_fish_quoted('; and '.join([*seen, *unseen]))}")
    parts.append(f"-l {word.text[2:]}" if word.text.startswith("--") else f"-a {_fish_quoted(word.text)}")
    if word.takes_value:
        parts.append(f"-x -a {_fish_quoted(' '.join(word.choices))}" if word.choices else "-r -F")
    if word.meaning:
        parts.append(f"-d {_fish_quoted(word.meaning)}")
    return " ".join(parts)


def _is_verb(word: Word, words: Sequence[Word]) -> bool:
    return not word.text.startswith("-") and any(other.after == (*word.after, word.text) for other in words)


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SHELLS: Mapping[str, Callable[[Sequence[Word]], str]] = {"bash": _bash, "fish": _fish, "zsh": _zsh}
