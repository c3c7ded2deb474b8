"""What `understudy --help` shows: the verbs in groups, and where to begin."""

import sys
from collections.abc import Iterator, Mapping, Sequence

from understudy.specs.problems import known
from understudy.usage import iter_example_lines, sample_slug, with_bold_headings

_EXAMPLES = (
    ("understudy serve", "all providers on 127.0.0.1:4010, each with a key that works"),
    ("understudy specs show {slug}", "what a provider's spec says"),
    ("understudy serve --help", "the flags of a verb, with examples"),
    ("understudy doctor", "whether this machine has what is needed"),
)


def show(verbs: Mapping[str, tuple[str, str]], groups: Mapping[str, Sequence[str]]) -> None:
    """Print the verbs in their groups; one that is in no group comes last."""
    print(with_bold_headings("\n".join(_iter_lines(verbs, groups)), sys.stdout))


def unknown(verb: str, verbs: Mapping[str, tuple[str, str]]) -> str:
    """What to say of a verb that there is not."""
    return f"there is no verb {verb!r}; {known(verb, verbs)}"


def _iter_lines(verbs: Mapping[str, tuple[str, str]], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield "usage: understudy VERB …\n"
    yield "A local stand-in for gen-AI providers, and a judge of their relays and clients.\n"
    grouped = {verb for named in groups.values() for verb in named}
    for heading, named in {**groups, "more": [verb for verb in verbs if verb not in grouped]}.items():
        if named:
            yield f"{heading}:"
            yield from (f"  {verb:13} {verbs[verb][1]}" for verb in named)
            yield ""
    yield "examples:"
    yield "".join(iter_example_lines([(c.replace("{slug}", sample_slug()), meaning) for c, meaning in _EXAMPLES]))
    yield "understudy VERB --help tells more; --version tells which Understudy this is."
