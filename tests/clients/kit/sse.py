"""Server-sent events read from bytes as they come, by the rules of the WHATWG; or with one of the flaws of the zoo."""

import codecs
from collections.abc import Iterator

from tests.clients.kit.flaws import has


def read_events(pieces: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    """Name and data of each event. What stands without a blank line behind it at the end counts, too."""
    name, data = "", list[str]()
    for line in read_lines(pieces):
        if not line:
            if data:
                yield name, "\n".join(data)
            name, data = "", []
        elif line.startswith(":") and not has("comments_are_data"):
            continue
        else:
            field, _, value = line.partition(": " if has("needs_space") else ":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data = [value] if has("last_data_line") else [*data, value]
            elif has("unknown_field_crashes"):
                raise KeyError(field)
    if data:
        yield name, "\n".join(data)


def read_lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """Lines that end in CR LF, LF or CR, split anywhere."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict" if has("strict_utf8") else "replace")
    text, is_first = "", True
    for piece in pieces:
        text += piece.decode("utf-8", "replace") if has("utf8_of_pieces") else decoder.decode(piece)
        if is_first and text:
            text, is_first = text.removeprefix("\ufeff"), False
        if has("only_lf"):
            *lines, text = text.split("\n")
        else:
            *lines, text = _split(text)
        yield from lines
    text += decoder.decode(b"", True)
    if text:
        yield from _split(text + "\n")[:-1]


def _split(text: str) -> list[str]:
    """Lines, the last one unfinished; a CR at the end may be half a CR LF and waits."""
    held = text.endswith("\r")
    lines = text[: -1 if held else None].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if held:
        lines[-1] += "\r"
    return lines
