"""Which refusal a request asks for by what it is, judged by the spec alone; nothing when it must be done."""

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from understudy.contracts.citing import NOTHING, Citation, cite
from understudy.contracts.credentials import BARE_KEY
from understudy.contracts.history import History
from understudy.contracts.reading import NOT_JSON, Reading
from understudy.contracts.requests import LISTED, UNLIKE_UPLOAD
from understudy.contracts.rules import broken_rules
from understudy.specs.model import TERMINAL, Operation

CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Expected:
    """A refusal that must come: the condition, why, the clause that says so, and what that rests on."""

    condition: str
    why: str
    clause: str
    citation: Citation = NOTHING


def expectations(history: History) -> tuple[tuple[Reading, list[Expected]], ...]:
    """Every answered request with the refusals that it deserves."""
    found = _known.get(history)
    if found is None:
        found = _known[history] = tuple((reading, expect(history, reading)) for reading in history.client)
    return found


# Several checks and clauses ask the same of one history.
_known: WeakKeyDictionary[History, tuple[tuple[Reading, list[Expected]], ...]] = WeakKeyDictionary()


def deserved(history: History) -> frozenset[str]:
    """The clauses for which some request deserved a refusal."""
    found = _deserved.get(history)
    if found is None:
        found = _deserved[history] = frozenset(each.clause for _, wanted in expectations(history) for each in wanted)
    return found


_deserved: WeakKeyDictionary[History, frozenset[str]] = WeakKeyDictionary()


def expect(history: History, reading: Reading) -> list[Expected]:
    """All refusals that a request deserves; a target may give any of them."""
    operation = reading.operation
    if operation is None:
        return list(_of_paths(reading))
    found = [*_of_key(history, operation, reading)]
    found += [*_of_body(history, operation, reading), *_of_query(history, operation, reading)]
    found += _of_uploads(operation, reading)
    if found:
        return found
    found += _of_continued(history, operation, reading)
    if found:
        return found
    later = (_of_task(history, operation, reading), _of_repetition(history, operation, reading))
    return [*_of_credits(operation, reading), *later[0], *later[1]]


def _of_paths(reading: Reading) -> Iterator[Expected]:
    if reading.exchange.probe in ("unknown_path", "method_not_allowed"):
        probe = reading.exchange.probe
        yield Expected(probe, probe.replace("_", " "), f"paths/{probe}")


def _of_key(history: History, operation: Operation, reading: Reading) -> Iterator[Expected]:
    who = reading.exchange.who
    if operation.security and (who == "none" or who.startswith("wrong")):
        clause = f"refusal/{operation.id}/unauthorized"
        yield Expected(
            "unauthorized", f"it is asked with {'no key' if who == 'none' else 'a key that nobody has'}", clause
        )
    elif operation.security and reading.exchange.probe == BARE_KEY:
        # No document says that it is refused: RFC 6750 does.
        clause = f"refusal/{operation.id}/unauthorized"
        yield Expected("unauthorized", "its key comes without Bearer", clause, Citation((), True))


def _of_body(history: History, operation: Operation, reading: Reading) -> Iterator[Expected]:
    shape = history.contract.body_shape(operation)
    if shape is None or operation.body is None:
        return
    if reading.sent is NOT_JSON:
        yield Expected("invalid_request", "its body is not JSON", f"constraint/{operation.id}/json")
        return
    if reading.sent is None:
        if operation.body.required:
            yield Expected("invalid_request", "it has no body", f"constraint/{operation.id}/json")
        return
    for wrong in shape.misshapes(reading.sent):
        why = f"{wrong.place or 'its body'}: {wrong.message}"
        yield Expected("invalid_request", why, constraint_clause(operation, wrong.schema_path), wrong.citation)
    if reading.asked is not None:
        said = history.contract.said(operation).get("x-rules", ())
        for rule, condition in broken_rules(history.contract.provider, operation, reading.asked):
            if rule.name == "model" and reading.exchange.probe == LISTED:
                continue  # whose models are more than the document names may serve them
            index = operation.rules.index(rule)
            source = next((cite(s) for s in said if rule.name in s and s[rule.name] == rule.arguments), NOTHING)
            yield Expected(
                condition, f"it breaks the rule {rule.name}", f"rule/{operation.id}/{index}-{rule.name}", source
            )


def _of_uploads(operation: Operation, reading: Reading) -> Iterator[Expected]:
    if reading.exchange.probe == "spoilt_upload":
        yield Expected("unauthorized", "its signature is spoilt", f"upload/{operation.id}/signature")
    if reading.exchange.probe == UNLIKE_UPLOAD:
        why = "it is of another type than its address was asked for"
        yield Expected("unauthorized", why, f"upload/{operation.id}/type")


def _of_credits(operation: Operation, reading: Reading) -> Iterator[Expected]:
    if reading.exchange.who == "poor" and operation.behavior == "task.submit":
        clause = f"refusal/{operation.id}/insufficient_credits"
        yield Expected("insufficient_credits", "its account has no credits", clause)


def _of_query(history: History, operation: Operation, reading: Reading) -> Iterator[Expected]:
    for parameter in operation.parameters:
        if parameter.where == "header" and parameter.required and not reading.exchange.sent_header(parameter.name):
            clause = f"parameter/{operation.id}/{parameter.name}"
            yield Expected("invalid_request", f"the header {parameter.name} is missing", clause)
        if parameter.where != "query":
            continue
        text = reading.exchange.parameters.get(parameter.name)
        clause = f"parameter/{operation.id}/{parameter.name}"
        if text is None:
            if parameter.required and not operation.media:
                yield Expected("invalid_request", f"{parameter.name} is missing", clause)
            continue
        for wrong in history.contract.parameter_misshapes(operation, parameter, text):
            yield Expected("invalid_request", f"{parameter.name}: {wrong.message}", clause, wrong.citation)


def _of_task(history: History, operation: Operation, reading: Reading) -> Iterator[Expected]:
    if operation.behavior not in ("task.get", "task.cancel"):
        return
    exchange, asked = reading.exchange, history.asked_id(reading)
    if exchange.probe == "unknown_id":
        yield Expected("not_found", "there is no such task", f"refusal/{operation.id}/not_found")
        # An id that is none by its schema may be refused for that.
        for parameter in (p for p in operation.parameters if p.where == "path"):
            text = history.contract.path_values(operation, exchange.path).get(parameter.name, "")
            for wrong in history.contract.parameter_misshapes(operation, parameter, text):
                why, clause = f"{parameter.name}: {wrong.message}", f"refusal/{operation.id}/not_found"
                yield Expected("invalid_request", why, clause, wrong.citation)
        return
    story = history.stories.get(asked)
    if story is None or story.created is None or story.kind is None:
        return
    if story.who != exchange.who and exchange.who in ("first", "other"):
        citation = history.contract.cite_kind(story.kind.name)
        yield Expected(story.kind.foreign, "the task is another account's", f"ownership/{operation.id}", citation)
    elif operation.behavior == "task.cancel":
        over = story.first_in(*TERMINAL)
        if over and over.seen <= exchange.started:
            condition = str(operation.arguments.get("otherwise", "invalid_request"))
            yield Expected(condition, "the task is over", f"cancel/{story.kind.name}/over")


def _of_continued(history: History, operation: Operation, reading: Reading) -> Iterator[Expected]:
    """An answer can be continued by the account that it was given to, and by nobody else."""
    place = operation.arguments.get("continues")
    asked = history.contract.value(operation, reading.exchange, reading.asked, place) if place else None
    if not isinstance(asked, str) or CONFLICT not in operation.failures.conditions:
        return
    citation = history.contract.cite_condition(operation, CONFLICT)
    owners = {r.exchange.who for r in history.of("completion") if r.values.get("$completion.id") == asked}
    if owners and reading.exchange.who not in owners:
        yield Expected(CONFLICT, "what it continues is another account's", f"ownership/{operation.id}", citation)
    elif reading.exchange.probe == "unknown_answer":
        yield Expected(CONFLICT, "there is no answer that it continues", f"ownership/{operation.id}", citation)


def _of_repetition(history: History, operation: Operation, reading: Reading) -> Iterator[Expected]:
    if operation.behavior != "task.submit":
        return
    key = history.contract.idempotency_key(reading.exchange)
    for other in history.of("task.submit") if key else ():
        earlier = other.exchange
        same = earlier.path == reading.exchange.path and earlier.who == reading.exchange.who
        is_known = same and history.contract.idempotency_key(earlier) == key and other.is_success
        if is_known and earlier.answered <= reading.exchange.started and other.asked != reading.asked:
            clause = f"refusal/{operation.id}/idempotency_conflict"
            yield Expected("idempotency_conflict", "its key belongs to another body", clause)
            return


def constraint_clause(operation: Operation, path: tuple[object, ...]) -> str:
    """The clause of a constraint of a request schema."""
    return f"constraint/{operation.id}/{'.'.join(str(step) for step in path if step != 'properties')}"
