"""What a client of a provider should look out for, read off its spec: one function each, in one table."""

from collections.abc import Callable, Iterator

from understudy.commands.portrait import lasting
from understudy.specs.model import Kind, Provider


def iter_remarks(provider: Provider) -> Iterator[str]:
    """All that holds for this provider, a sentence each."""
    for look in _REMARKS:
        yield from look(provider)


def _errors_under_200(provider: Provider) -> Iterator[str]:
    quiet = {c.name for c in provider.failures.conditions.values() if c.status < 400}
    if quiet:
        yield f"Errors come under a status of success ({', '.join(sorted(quiet))}): the code in the body tells them."


def _shared_codes(provider: Provider) -> Iterator[str]:
    codes: dict[str, set[str]] = {}
    for condition in provider.failures.conditions.values():
        codes.setdefault(str(condition.code), set()).add(condition.name)
    for code, names in codes.items():
        if len(names) > 1:
            yield f"The code `{code}` stands for {' and '.join(sorted(names))}."


def _envelopes(provider: Provider) -> Iterator[str]:
    other = {
        operation.failures.envelope.name: operation.path
        for operation in provider.operations
        if operation.failures.envelope.name != provider.failures.envelope.name and not operation.media
    }
    for name, path in other.items():
        yield f"Errors of `{path}` have a shape of their own (`{name}`)."


def _keys(provider: Provider) -> Iterator[str]:
    ways: dict[tuple[str, ...], list[str]] = {}
    for operation in provider.operations:
        schemes = tuple(
            "Authorization: Bearer" if scheme.bearer else scheme.parameter
            for alternative in operation.security
            for scheme in alternative
        )
        if schemes:
            ways.setdefault(schemes, []).append(operation.path)
    if len(ways) > 1:
        for schemes, paths in ways.items():
            yield f"The key stands in {' or '.join(f'`{s}`' for s in schemes)} at {_some(paths)}."


def _some(paths: list[str]) -> str:
    named = list(dict.fromkeys(paths))
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return ", ".join(f"`{path}`" for path in named[:3]) + more


def _wire_values(provider: Provider) -> Iterator[str]:
    for kind in provider.kinds.values():
        yield from _of_kind(kind)


def _of_kind(kind: Kind) -> Iterator[str]:
    values: dict[str, list[str]] = {}
    for state in kind.states:
        values.setdefault(repr(state.wire), []).append(state.name)
    for wire, names in values.items():
        if len(names) > 1:
            yield f"In `{kind.name}` the value `{wire}` stands for {' and '.join(names)}: the rest of the answer tells them."
    if kind.charge.when == "submit":
        yield f"`{kind.name}` is paid at submit; a refund comes when it fails."
    if kind.charge.refuse == "empty":
        yield f"`{kind.name}` is accepted as long as anything is left; it then waits for the money in its first state."
    if not kind.cancel:
        yield f"`{kind.name}` cannot be cancelled."
    lives = sorted({result.lifetime for result in kind.results.values()})
    if lives:
        yield f"Links to results of `{kind.name}` live {' or '.join(map(lasting, lives))}: keep the file, not the link."


def _rules(provider: Provider) -> Iterator[str]:
    for operation in provider.operations:
        for rule in operation.rules:
            if rule.message:
                effect = "is accepted, and noted in the journal" if rule.effect == "note" else "is refused"
                yield f"At `{operation.path}`, “{rule.message}” {effect}."


def _streams(provider: Provider) -> Iterator[str]:
    by_dialect: dict[str, list[str]] = {}
    for operation in provider.operations:
        if operation.reply.stream:
            by_dialect.setdefault(operation.reply.stream, []).append(operation.path)
    for dialect, paths in by_dialect.items():
        yield f"Streams of {_some(paths)} are events of `{dialect}`."


def _idempotency(provider: Provider) -> Iterator[str]:
    if provider.idempotency is None:
        yield "A create cannot be made repeatable: after a lost answer, look before you ask again."
    else:
        life = lasting(provider.idempotency.lifetime)
        yield f"A create with `{provider.idempotency.header}` may be repeated for {life}; another body under it is refused."


_REMARKS: tuple[Callable[[Provider], Iterator[str]], ...] = (
    _errors_under_200,
    _shared_codes,
    _envelopes,
    _keys,
    _wire_values,
    _streams,
    _idempotency,
    _rules,
)
