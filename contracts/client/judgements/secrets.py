"""The key belongs into the header that the spec names, at the provider's own address: nowhere else."""

from collections.abc import Iterator

from understudy.contracts.client.script import GOOD, certificates
from understudy.contracts.client.trial import Seen, Trial
from understudy.contracts.client.use import Use
from understudy.contracts.finding import Evidence

# A shorter key may stand somewhere by chance.
SHORTEST = 8


def in_query(trial: Trial, use: Use) -> Iterator[Evidence]:
    """A key in an address ends up in every log on the way."""
    for seen in trial.seen:
        if trial.key in seen.exchange.query and not _may_be_in_query(seen):
            yield Evidence("the key stands in the query of a request: addresses are logged", (seen.exchange,))
            return


def elsewhere(trial: Trial, use: Use) -> Iterator[Evidence]:
    """The key is the provider's: other hosts, of results or of redirects, must not see it."""
    for where, text in (("media", "the host of uploads and results"), ("elsewhere", "another host, after a redirect")):
        for seen in trial.seen:
            exchange = seen.exchange
            sent = " ".join(value for _, value in exchange.request_headers) + exchange.url
            if exchange.where == where and trial.key in sent:
                yield Evidence(f"the key was sent to {text}", (exchange,))
                break


def in_output(trial: Trial, use: Use) -> Iterator[Evidence]:
    """What a program prints is kept and sent around."""
    if len(trial.key) >= SHORTEST and trial.key in trial.word.text:
        where = "its output" if trial.key in trial.word.out else "its error output"
        yield Evidence(f"the key stands in {where}", ())


def who_it_is(trial: Trial, use: Use) -> Iterator[Evidence]:
    """Over https nothing is asked of whoever cannot prove to be the host that was meant."""
    tls = trial.case.script.tls
    shown = dict(zip(("client", "media"), certificates(tls), strict=True)) if tls else {}
    for seen in trial.seen:
        kind = shown.get(seen.exchange.where, GOOD)
        if kind != GOOD:
            yield Evidence(
                f"it sent a request to a host whose certificate proves nothing: {_PROVES[kind]}", (seen.exchange,)
            )
            return


_PROVES = {
    "other-host": "it is another host's",
    "unknown-authority": "it was made by an authority that nobody knows",
    "expired": "it has expired",
}


def _may_be_in_query(seen: Seen) -> bool:
    operation = seen.contract.operations.get(seen.exchange.operation)
    schemes = [scheme for alternative in operation.security for scheme in alternative] if operation else []
    return any(scheme.where == "query" for scheme in schemes)
