"""Orders: what the next requests of an operation meet, and that names which are none are refused."""

import pytest

from tests.understudy.test_provider import send, submit
from understudy import Provider, Visit

VIDEO = b'{"prompt": "a cat on a roof", "duration": 8}'


@pytest.fixture
def provider(understudy: Visit) -> Provider:
    return understudy("juhuo")


def codes(provider: Provider, times: int) -> list[str]:
    answers = [send(provider, "POST", "/open-api/v1/video/submit", VIDEO) for _ in range(times)]
    return [answer.json()["code"] for answer in answers]


def test_a_condition_so_often_and_no_more(provider: Provider) -> None:
    provider.next("video.submit").fails("service_busy", times=2)
    assert codes(provider, 4) == ["5003", "5003", "200", "200"]
    assert provider.journal.count("video.submit", condition="service_busy") == 2
    assert provider.account.used == 0


def test_orders_of_a_chain_follow_each_other(provider: Provider) -> None:
    provider.next("video.submit").fails("service_busy").fails("internal_error", times=2).fails("insufficient_credits")
    assert codes(provider, 5) == ["5003", "5000", "5000", "4003", "200"]


def test_another_operation_goes_on(provider: Provider) -> None:
    provider.next("video.submit").fails("service_busy")
    assert send(provider, "GET", "/open-api/v1/account/balance").json()["code"] == "200"
    assert codes(provider, 2) == ["5003", "200"]


def test_a_task_fails_with_a_code_and_costs_nothing(provider: Provider) -> None:
    provider.next("video.submit").fails("PIPELINE_TIMEOUT")
    failing, good = submit(provider), submit(provider)
    provider.advance(minutes=10)
    assert (provider.task(failing).outcome, provider.task(failing).error_code) == ("failed", "PIPELINE_TIMEOUT")
    assert provider.task(failing).cost == 0
    assert provider.task(good).outcome == "succeeded"


def test_a_status_with_its_wait(provider: Provider) -> None:
    provider.next("video.submit").fails(503, retry_after=3)
    answer = send(provider, "POST", "/open-api/v1/video/submit", VIDEO)
    assert (answer.status, answer.headers["retry-after"]) == (503, "3")
    provider.next("video.submit").fails("rate_limited", retry_after=7)
    assert send(provider, "POST", "/open-api/v1/video/submit", VIDEO).headers["retry-after"] == "7"


def test_an_answer_is_lost_after_the_deed_was_done(provider: Provider) -> None:
    provider.next("video.submit").drops_answer()
    with pytest.raises(ConnectionError):
        send(provider, "POST", "/open-api/v1/video/submit", VIDEO)
    listed = send(provider, "GET", "/open-api/v1/video/tasks").json()["result"]
    assert listed["total"] == 1


def test_an_answer_is_late(provider: Provider) -> None:
    provider.next("account.balance").delays(0.01)
    assert send(provider, "GET", "/open-api/v1/account/balance").status == 200
    (rule,) = provider.faults.list()
    assert (rule["fault"], rule["seconds"], rule["hit"]) == ("latency", 0.01, 1)


def test_any_fault_of_the_table(provider: Provider) -> None:
    provider.next("video.get").hits("redirect", to="http://127.0.0.1:1/elsewhere", status=308)
    answer = send(provider, "GET", "/open-api/v1/video/task/gen_a")
    assert (answer.status, answer.headers["location"]) == (308, "http://127.0.0.1:1/elsewhere")


def test_rules_are_kept_and_let_go(provider: Provider) -> None:
    rule = provider.faults.add("refuse", condition="forbidden", operation="account.*", probability=1)
    assert send(provider, "GET", "/open-api/v1/account/balance").json()["code"] != "200"
    (kept,) = provider.faults.list()
    assert (kept["id"], kept["fault"], kept["hit"]) == (rule, "refuse", 1)
    provider.faults.remove(rule)
    with pytest.raises(LookupError, match="no rule"):
        provider.faults.remove(rule)
    provider.faults.add("refuse", condition="forbidden")
    provider.faults.clear()
    assert send(provider, "GET", "/open-api/v1/account/balance").json()["code"] == "200"


def test_names_that_are_none_are_refused_with_the_nearest(provider: Provider) -> None:
    with pytest.raises(ValueError, match=r"no operation 'video\.sumbit'; did you mean 'video\.submit'"):
        provider.next("video.sumbit")
    with pytest.raises(ValueError, match="did you mean 'service_busy'"):
        provider.next("video.submit").fails("service_bsy")
    with pytest.raises(ValueError, match="did you mean 'PIPELINE_TIMEOUT'"):
        provider.next("video.submit").fails("PIPELINE_TIMOUT")
    with pytest.raises(ValueError, match=r"video\.get does not fail with 'PIPELINE_TIMEOUT'"):
        provider.next("video.get").fails("PIPELINE_TIMEOUT")
    with pytest.raises(ValueError, match="did you mean 'refuse'"):
        provider.next("video.get").hits("refuze")
    with pytest.raises(ValueError, match="did you mean 'condition'"):
        provider.faults.add("refuse", condtion="forbidden")
    assert provider.faults.list() == []
