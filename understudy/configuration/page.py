"""The page of settings: every verb's, with variable, kind, default and meaning; made of the table, kept current by a test."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from understudy.configuration.settings import Setting

_KINDS = {
    "boolean": "true or false",
    "integer": "integer",
    "number": "number",
    "text": "text",
    "scalar": "text or number",
    "list": "list",
}


def iter_page(settings: Mapping[str, Sequence[Setting]]) -> Iterator[str]:
    """The lines of the page, in Markdown; `settings`: of each verb."""
    yield "# Settings"
    yield ""
    yield "Made by `understudy config page`; [how they are set](configuration.md). Each verb's variable has a form for that verb alone:"
    yield "`UNDERSTUDY_SERVE_PORT` for `UNDERSTUDY_PORT`."
    for verb, some in settings.items():
        yield f"\n## {verb}\n"
        yield "| key | variable | value | default | |"
        yield "|---|---|---|---|---|"
        yield from (_row(setting) for setting in some)


def _row(setting: Setting) -> str:
    value = ", ".join(f"`{choice}`" for choice in setting.choices) or _KINDS[setting.kind]
    cells = (f"`{setting.name}`", f"`{setting.variables[1]}`", value, _shown(setting.default), setting.meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _shown(default: Any) -> str:
    if default is False or default in (None, "", []):
        return ""
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
