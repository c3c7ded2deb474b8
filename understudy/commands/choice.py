"""Which providers, in which profile: shared by the verbs."""

from collections.abc import Mapping
from pathlib import Path

from understudy.cli import UsageError
from understudy.specs.loader import load, shipped
from understudy.specs.model import STRICTNESS, Profile, Provider
from understudy.specs.problems import Misfit, SpecError, known


def choose(slugs: list[str], files: list[str], profiles: list[str]) -> list[Provider]:
    """The providers that are asked for, all shipped ones when none is; raises UsageError."""
    paths = find_paths(slugs, files)
    try:
        plain = [load(path) for path in paths]
        chosen = _profiles(plain, profiles)
        providers = [
            load(p, chosen[x.slug]) if chosen[x.slug] != Profile() else x for p, x in zip(paths, plain, strict=True)
        ]
    except (SpecError, Misfit) as error:
        raise UsageError(str(error)) from None
    names = [provider.slug for provider in providers]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise UsageError(f"two specs call themselves {', '.join(sorted(doubled))}")
    return providers


def find_paths(slugs: list[str], files: list[str]) -> list[Path]:
    """The files of the specs that are asked for, all shipped ones when none is; raises UsageError."""
    known_slugs = shipped()
    for slug in slugs:
        if slug not in known_slugs:
            more = "; a provider in a --spec file is played without being named" if files else ""
            raise UsageError(f"there is no provider {slug!r}; {known(slug, known_slugs)}{more}")
    wanted = slugs or ([] if files else list(known_slugs))
    return [known_slugs[slug] for slug in wanted] + [Path(file) for file in files]


def _profiles(providers: list[Provider], words: list[str]) -> dict[str, Profile]:
    """Read `strict-doc`, `mapped`, `errors=mapped`, each alone or as `PROVIDER:word`."""
    chosen: dict[str, tuple[str, dict[str, str]]] = {p.slug: ("default", {}) for p in providers}
    for text in (part for word in words for part in word.split(",") if part):
        slug, colon, word = text.rpartition(":")
        matched = False
        for provider in providers:
            if colon and provider.slug != slug:
                continue
            _, options = chosen[provider.slug]
            if word in STRICTNESS:
                chosen[provider.slug], matched = (word, options), True
                continue
            for name, value in _options(word, provider.options):
                options[name], matched = value, True
        if not matched:
            choices = [
                *STRICTNESS,
                *(f"{n}={v}" for p in providers for n, vs in p.options.items() for v in vs),
            ]
            raise UsageError(f"there is no profile {text!r}; {known(word, choices)}")
    return {slug: Profile(strictness, options) for slug, (strictness, options) in chosen.items()}


def _options(word: str, options: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    name, equals, value = word.partition("=")
    if equals:
        return [(name, value)] if value in options.get(name, ()) else []
    # Switches are too alike to be told by their value alone.
    return [(n, word) for n, values in options.items() if word in values and word not in ("on", "off")]
