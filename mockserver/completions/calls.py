"""Which tools are called, and with what."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from understudy.mockserver.completions.instances import instance
from understudy.mockserver.completions.model import Ask, Piece, Tool
from understudy.mockserver.completions.prompts import excerpt

_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W_A-Za-z]+")
_WORD = re.compile(r"[^\W_]+")
# Parts of names that say nothing of what a tool is about.
_PLAIN = frozenset(
    {
        "a",
        "add",
        "by",
        "call",
        "check",
        "create",
        "do",
        "fetch",
        "find",
        "for",
        "function",
        "get",
        "in",
        "list",
        "look",
        "lookup",
        "make",
        "of",
        "on",
        "query",
        "read",
        "run",
        "search",
        "set",
        "the",
        "to",
        "tool",
        "up",
        "use",
        "with",
    }
)


def called(ask: Ask) -> tuple[Tool, ...]:
    """The tools to call, none when text is to be answered.

    None after a tool's result. The one that is chosen by name; else those whose name, or a word of it, stands in the prompt, else
    the first; only one when they may not be called at once.
    """
    if not ask.tools or ask.choice == "none" or ask.is_answered:
        return ()
    chosen = [tool for tool in ask.tools if tool.name == ask.choice]
    if chosen:
        return (chosen[0],)
    text = excerpt(ask.prompt).lower()
    words = {_singular(word) for word in _WORD.findall(text)}
    named = tuple(tool for tool in ask.tools if _is_named(tool.name, text, words)) or ask.tools[:1]
    return named if ask.parallel else named[:1]


def _is_named(name: str, text: str, words: set[str]) -> bool:
    parts = {_singular(part.lower()) for part in _PART.findall(name)}
    return name.lower() in text or not words.isdisjoint((parts - _PLAIN) or parts)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def call(tool: Tool, draw: Callable[[str], bytes], topics: Sequence[str]) -> Piece:
    """A call of the tool with arguments that its schema allows. Raises Unsatisfiable."""
    # A name of somebody or of some place makes the better argument.
    words = [topic for topic in topics if topic[0].isupper()] or topics
    arguments = instance(_of_object(tool.schema), draw, words)
    return Piece("tool", name=tool.name, arguments=arguments)


def _of_object(schema: Any) -> Any:
    if schema is None or schema is True:
        return {"type": "object"}
    return {"type": "object", **schema} if isinstance(schema, dict) and "$ref" not in schema else schema
