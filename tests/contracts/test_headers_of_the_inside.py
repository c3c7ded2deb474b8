"""Headers that tell of the inside are found, and those that all gateways send are let be."""

import pytest

from understudy.contracts.checks.privacy import judge_untold
from understudy.contracts.contract import Contract
from understudy.contracts.exchange import Exchange
from understudy.contracts.history import History
from understudy.specs.loader import load, shipped

CONTRACT = Contract(load(shipped()["juhuo"]))
OWN = "sk-" + "Own1" * 8
AFAR, NEAR = "https://relay.example", "http://127.0.0.1:4010"


def _found(name: str, value: str, at: str = AFAR) -> list[str]:
    """What is told against a header: with a `?` before it where that is a doubt only."""
    asked = (("Authorization", f"Bearer {OWN}"), ("X-Trace-Internal", "client's own"))
    path = "/open-api/v1/account/balance"
    exchange = Exchange(
        1, "account.balance", "GET", f"{at}{path}", path, "", asked, status=200, response_headers=((name, value),),
        response_body=b"{}",
    )  # fmt: skip
    told = judge_untold(History(CONTRACT, [exchange]))
    return [f"{'?' * each.assumed}{each.message}" for each in told]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-litellm-model-api-base", "https://provider.example/v1"),
        ("x-upstream-authorization", "hidden"),
        ("X-Internal-Route", "a"),
        ("x-served", "http://10.1.2.3:8080/v1"),
        ("x-served", "https://gpu-7.models.internal"),
        ("location", "http://app.corp:8000/next"),
        ("x-debug", "sk-" + "Other9" * 6),
        ("x-passed", "Bearer abcdefghijklmnopqrstuvwxyz"),
        ("x-served", "http://localhost:3000/v1"),
    ],
)
def test_what_tells_of_the_inside_is_found(name: str, value: str) -> None:
    assert [told[0] for told in _found(name, value)] == ["t"]


@pytest.mark.parametrize(
    ("name", "value"), [("x-backend", "blue"), ("x-channel-id", "17"), ("x-served", "10.1.2.3:80"), ("x-pod", "api-7")]
)
def test_what_may_be_told_on_purpose_is_doubted(name: str, value: str) -> None:
    assert [told[0] for told in _found(name, value)] == ["?"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("via", "1.1 proxy.internal, 1.1 10.0.0.2"),
        ("server", "envoy"),
        ("x-request-id", "req_10.1"),
        ("cf-ray", "8f1-FRA"),
        ("x-envoy-upstream-service-time", "12"),
        ("x-upstream-response-time", "0.3"),
        ("x-ratelimit-remaining-requests", "59"),
        ("set-cookie", "session=sk-0123456789abcdefghij; Path=/"),
        ("nel", '{"report_to":"x"}'),
        ("report-to", '{"endpoints":[{"url":"https://a.nel.example"}]}'),
        ("access-control-allow-headers", "Authorization, X-Api-Key"),
        ("www-authenticate", 'Bearer realm="https://auth.corp.example"'),
        ("vary", "Authorization"),
        ("x-served-by", "cache-fra-10"),
        ("x-echo", f"Bearer {OWN}"),
        ("x-trace-internal", "client's own"),
        ("location", "https://api.corp.example/next"),
        ("etag", '"10.12.13"'),
        ("openai-processing-ms", "40"),
    ],
)
def test_what_is_ordinary_is_let_be(name: str, value: str) -> None:
    assert _found(name, value) == []


def test_who_is_near_may_say_so() -> None:
    assert _found("location", f"{NEAR}/next", NEAR) == []
    assert _found("x-other", "http://localhost:9/next", NEAR) == []
