"""The way of a request: found, known, counted, read, judged, done, worded, noted."""

import logging
from hashlib import blake2b

from understudy.mockserver.accounts import Account
from understudy.mockserver.exchange import Answer, Exchange
from understudy.mockserver.idempotency import Conflict
from understudy.mockserver.journal import Record, pack_headers
from understudy.mockserver.lifecycle import Task
from understudy.mockserver.refusals import Refusal
from understudy.mockserver.stage import Act, KeyReader
from understudy.mockserver.steering import distort, may_be_steered, steer, strike
from understudy.mockserver.validation import BodyReader
from understudy.mockserver.wording import Wording

log = logging.getLogger("understudy")

# Headers of which one too many makes a request ambiguous.
_SINGLE = (b"authorization", b"content-type", b"content-length", b"host")


def handle(exchange: Exchange) -> Answer:
    """Answer a request to an operation."""
    act = exchange.act
    try:
        answer = _answer(exchange, act)
    except Refusal as refusal:
        answer = act.wording.answer(exchange, refusal)
    except Exception:
        log.exception("%s of %s", act.operation.id, exchange.site.slug)
        answer = act.wording.answer(exchange, Refusal("internal_error"))
    if exchange.faults:
        answer = distort(exchange, answer)
    if answer.is_whole and not exchange.wire_faults:  # the others are noted when their bodies are known
        note(exchange, answer, act.operation.id)
    return answer


def refuse(exchange: Exchange, refusal: Refusal, wording: Wording, operation: str = "") -> Answer:
    """Answer a request that is not for any operation, or not fit to be."""
    if exchange.site.tenants:
        _find_tenant(exchange)
    answer = wording.answer(exchange, refusal)
    note(exchange, answer, operation)
    return answer


def note_result(exchange: Exchange, task: Task, answer: Answer) -> None:
    """Note that a result was fetched; of its bytes only how many there were."""
    exchange.account = task.account
    note_file(exchange, answer, "result.get")


def note_file(exchange: Exchange, answer: Answer, operation: str) -> None:
    """Note that a file was sent; of its bytes only how many there were, and of one made for the request their digest."""
    exchange.notes.append(f"{len(answer.body)} bytes of {answer.media_type or 'nothing'}")
    if exchange.binary is not None:
        exchange.notes.append(f"their digest is {blake2b(answer.body, digest_size=16).hexdigest()} by BLAKE2b")
    note(exchange, Answer(answer.status, answer.media_type, b""), operation)


def _answer(exchange: Exchange, act: Act) -> Answer:
    if exchange.site.tenants:
        _find_tenant(exchange)
    if len(exchange.headers) != len(exchange.request.header_list):
        _refuse_doubled(exchange, act)
    if act.keys:
        _authenticate(exchange, act)
    if may_be_steered(exchange) and (given := steer(exchange, act.operation.id)) is not None:
        _look_for_breach(exchange, act)
        return given
    if act.parameters is not None:
        exchange.query = act.parameters.read(exchange.query_text)
    if act.body is not None:
        if act.magic.is_in(exchange):
            return _answer_magic(exchange, act, act.body)
        exchange.body = act.body.read(exchange.payload, exchange.headers.get(b"content-type"))
    return _perform(exchange, act)


def _answer_magic(exchange: Exchange, act: Act, reader: BodyReader) -> Answer:
    """Answer a request whose input may hold words for us: they act before anything is done."""
    faults = act.magic.take_from_model(exchange)
    payload = exchange.payload if exchange.cleaned is None else exchange.cleaned
    exchange.body = reader.read(payload, exchange.headers.get(b"content-type"))
    given = strike(exchange, faults + act.magic.read(exchange))
    if given is None:
        return _perform(exchange, act)
    _look_for_breach(exchange, act)
    return given


def _look_for_breach(exchange: Exchange, act: Act) -> None:
    """Note what a request breaks of the contract, though it is answered by a fault: the next attempt may be healthy."""
    payload = exchange.payload if exchange.cleaned is None else exchange.cleaned
    try:
        if act.parameters is not None:
            exchange.query = act.parameters.read(exchange.query_text)
        if act.body is not None:
            exchange.body = act.body.read(payload, exchange.headers.get(b"content-type"))
        _judge(exchange, act)
    except Refusal as refusal:
        act.wording.answer(exchange, refusal)


def _judge(exchange: Exchange, act: Act) -> None:
    """Apply the rules that JSON Schema cannot say; raises Refusal."""
    rules = act.rules
    if act.rarely_needed.isdisjoint(exchange.body or ()):
        rules = act.common_rules
    for rule in rules:
        if not rule.needed or not rule.needed.isdisjoint(exchange.body or ()):
            rule.apply(exchange)


def _perform(exchange: Exchange, act: Act) -> Answer:
    """Do what a request asks that was read: judge it, and answer it once."""
    site = exchange.site
    _judge(exchange, act)
    if act.idempotency is not None and site.idempotency is not None:
        return _answer_once(exchange, act, act.idempotency.header.lower())
    act.behave(exchange)
    return act.reply(exchange)


def _answer_once(exchange: Exchange, act: Act, header: str) -> Answer:
    """Answer a create that may be a repetition."""
    key, store, account = exchange.header(header), exchange.site.idempotency, exchange.account
    assert store and account
    if not key:
        act.behave(exchange)
        return act.reply(exchange)
    scope = (account.id, exchange.method, exchange.path, key)
    try:
        stored = store.begin(scope, exchange.body, exchange.now)
    except Conflict:
        raise Refusal("idempotency_conflict", field=header, rule="idempotency") from None
    if stored is not None:
        exchange.notes.append("a repetition: the stored answer is given again")
        return stored
    try:
        act.behave(exchange)
        answer = act.reply(exchange)
    except BaseException:
        store.forget(scope)
        raise
    store.finish(scope, answer)
    return answer


def _authenticate(exchange: Exchange, act: Act) -> None:
    """Find the account behind the request's key; raises Refusal."""
    site = exchange.site
    for read_key, others in act.keys:
        key = read_key(exchange)
        account = site.accounts.find(key) if key else None
        if account is not None and not (others and _is_contradicted(exchange, account, others)):
            exchange.account, exchange.key = account, key
            if site.rate is not None:
                site.throttle(account, exchange.now)
            return
    is_bare = not any(read_key(exchange) for read_key, _ in act.keys)
    raise Refusal("unauthorized", rule="security" if is_bare else "")


def _is_contradicted(exchange: Exchange, account: Account, others: tuple[KeyReader, ...]) -> bool:
    """Whether any value that is to be there beside the key means another account."""
    accounts = exchange.site.accounts
    return not all(accounts.is_meant(account, read(exchange)) for read in others)


def _find_tenant(exchange: Exchange) -> None:
    """Go to the world whose key a request brings, if it brings one."""
    for read_key in exchange.site.stage.key_readers:
        tenant = exchange.site.tenants.get(read_key(exchange))
        if tenant is not None:
            exchange.site, exchange.now = tenant, tenant.now()
            return


def _refuse_doubled(exchange: Exchange, act: Act) -> None:
    names = [name for name, _ in exchange.request.header_list]
    single = {*_SINGLE, *(s.parameter.encode() for alternative in act.operation.security for s in alternative)}
    if act.idempotency:
        single.add(act.idempotency.header.lower().encode())
    for name in names:
        if name in single and names.count(name) > 1:
            text = name.decode("latin-1")
            raise exchange.site.stage.phrases.refusal("header", field=text, value="sent twice")


def note(exchange: Exchange, answer: Answer, operation: str) -> None:
    """Write the exchange into the journal."""
    account = exchange.account
    exchange.site.world.journal.add(
        Record(
            0,
            exchange.now,
            exchange.site.slug,
            operation,
            exchange.method,
            exchange.path,
            exchange.query_text,
            exchange.request.lines,
            exchange.payload,
            account.id if account else "",
            exchange.key,
            answer.status,
            answer.condition,
            answer.body,
            tuple(exchange.notes),
            pack_headers(answer.headers) if answer.headers else b"",
            answer.media_type,
            exchange.breach,
        )
    )
