"""The plugin in runs of its own: what fails and in which words, options, several processes, and what it costs others."""

import re

import pytest

pytest_plugins = ["pytester"]

CLIENT = """
    import json
    import pytest
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    def ask(provider, method, path, body=None, key=None):
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + (key or provider.api_key)}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(provider.base_url + path, data, headers, method=method), timeout=20) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                return json.load(error)

    def submit(provider, **body):
        return ask(provider, "POST", "/open-api/v1/video/submit", {"prompt": "a cat", "duration": 8, **body})
"""


@pytest.fixture
def play(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> pytest.Pytester:
    """A project with a client; each test adds its own."""
    pytester.makepyfile(client=CLIENT)
    return pytester


def run(play: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    play.makepyfile("from client import *\n" + re.sub(r"^    ", "", test, flags=re.MULTILINE).strip("\n"))
    return play.runpytest_inprocess("-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist", *options)


def test_a_request_that_breaks_the_contract_fails_its_test(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    def test_wrong(understudy):
        submit(understudy("juhuo"), duration=99)

    def test_right(understudy):
        submit(understudy("juhuo"))
    """,
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "the contract was broken during the test:",
            "juhuo video.submit: POST /open-api/v1/video/submit",
            '  asked     *"duration": 99*',
            "  wrong     *duration范围为4-15* (maximum)",
            "  says so   JH-0* L* of juhuo.txt",
            '  answered  200 *"4000"*',
            "*FAILED test_a_request*::test_wrong*",
        ]
    )


def test_a_path_that_none_has_is_told_with_the_nearest(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    def test_wrong(understudy):
        ask(understudy("juhuo"), "POST", "/open-api/v1/vidoe/submit", {"prompt": "a cat"})
    """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["juhuo (no operation): POST /open-api/v1/vidoe/submit", "  wrong * (path)", "  nearest   video.submit: POST *"]
    )


def test_no_key_is_in_what_is_told(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    def test_wrong(understudy):
        provider = understudy("juhuo")
        submit(provider, prompt=provider.api_key, duration=99)
    """,
    )
    result.assert_outcomes(failed=1)
    assert "[redacted]" in result.stdout.str()
    assert "sk-a1b2" not in result.stdout.str()


def test_a_key_that_is_sent_to_the_media_origin_fails_the_test(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    from urllib.request import Request, urlopen

    def test_leaks(understudy):
        provider = understudy("juhuo")
        task = submit(provider)["result"]["taskId"]
        provider.advance(minutes=5)
        url = ask(provider, "GET", f"/open-api/v1/video/task/{task}")["result"]["outputUrl"]
        urlopen(url).read()
        assert provider.violations == []
        urlopen(Request(url, headers={"Authorization": f"Bearer {provider.api_key}"})).read()
        assert [(each.rule, each.field) for each in provider.violations] == [("key-elsewhere", "authorization")]
    """,
    )
    result.assert_outcomes(failed=1)
    assert "a key belongs to the API alone" in result.stdout.str()


def test_what_was_provoked_is_no_violation(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    def test_right(understudy):
        provider = understudy("juhuo")
        provider.next("video.submit").fails("invalid_request").fails("unauthorized").fails(404)
        for _ in range(3):
            submit(provider)
        submit(provider, prompt="[understudy: refuse=invalid_request]")
        ask(provider, "GET", "/open-api/v1/video/task/gen_nothing")
        submit(provider, key="nobody's")
        assert provider.violations == []
    """,
    )
    result.assert_outcomes(passed=1)


def test_what_is_expected_is_let_be_and_missed(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    def test_comes(understudy):
        provider = understudy("juhuo")
        provider.expects_violation("video.submit", rule="maximum", field="duration")
        submit(provider, duration=99)
        assert [each.field for each in provider.violations] == ["duration"]

    def test_does_not_come(understudy):
        understudy("juhuo").expects_violation("video.submit")

    def test_another_comes(understudy):
        provider = understudy("juhuo")
        provider.expects_violation("video.submit", field="prompt")
        submit(provider, duration=99)

    def test_no_such_operation(understudy):
        with pytest.raises(ValueError, match="did you mean 'video.submit'"):
            understudy("juhuo").expects_violation("video.sumbit")

    @pytest.mark.understudy(allow_violations=True)
    def test_all_of_it(understudy):
        submit(understudy("juhuo"), duration=99)
        ask(understudy("juhuo"), "GET", "/nowhere")
    """,
    )
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(
        [
            "a violation of the contract was expected (operation='video.submit'), and none came",
            "*duration范围为4-15*",
            "a violation of the contract was expected (operation='video.submit', field='prompt'), and none came",
        ]
    )


def test_a_test_that_fails_by_itself_is_told_too(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    def test_wrong(understudy):
        assert submit(understudy("juhuo"), duration=99)["code"] == "200"
    """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *AssertionError*", "*Captured understudy call*", "  wrong * (maximum)"])


def test_what_comes_after_the_test_is_an_error(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    @pytest.fixture
    def late(understudy):
        provider = understudy("juhuo")
        yield provider
        submit(provider, duration=99)

    def test_right(late):
        submit(late)
    """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the contract was broken after the test:*"])


def test_cleared_or_buried_violations_are_not_forgotten(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    def test_wrong(understudy):
        provider = understudy("juhuo")
        for _ in range(40):
            submit(provider, duration=99)
        provider.journal.clear()
    """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["8 requests broke the contract that are no longer kept", "*duration范围为4-15*"])


def test_options_of_the_ini_file(play: pytest.Pytester) -> None:
    play.makeini("[pytest]\nunderstudy_clock = poll\nunderstudy_profile = mapped\nunderstudy_seed = 3\n")
    result = run(
        play,
        """
    def test_they_count(understudy):
        provider = understudy("juhuo")
        task = submit(provider)["result"]["taskId"]
        states = [ask(provider, "GET", "/open-api/v1/video/task/" + task)["result"]["status"] for _ in range(9)]
        assert states[-1] == "success"
        with pytest.raises(ValueError, match="real"):
            understudy("juhuo", clock="real").advance(minutes=1)
        assert task == submit(understudy("juhuo", seed=3, clock="virtual"))["result"]["taskId"]
    """,
    )
    result.assert_outcomes(passed=1)


def test_switches_of_the_ini_file(play: pytest.Pytester) -> None:
    play.makeini("[pytest]\nunderstudy_any_key = true\nunderstudy_allow_local_callbacks = false\n")
    test = """
    def test_it_counts(understudy):
        assert submit(understudy("juhuo"), key="sk-" + "x" * 32)["code"] == "200"
    """
    run(play, test).assert_outcomes(passed=1)
    play.makeini("[pytest]\nunderstudy_seed = seven\n")
    result = run(play, test)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*understudy_seed is 'seven', which cannot be read*"])


def test_an_option_that_is_none_stops_the_test(play: pytest.Pytester) -> None:
    result = run(
        play,
        """
    @pytest.mark.understudy(clok="poll")
    def test_wrong(understudy):
        understudy("juhuo")

    def test_wrong_too(understudy):
        understudy("juhou")
    """,
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*did you mean 'clock'*", "*did you mean 'juhuo'*"])


def test_nothing_of_ours_is_loaded_for_who_does_not_ask(play: pytest.Pytester) -> None:
    play.makepyfile(
        """
    import sys

    def test_nothing():
        assert sorted(name for name in sys.modules if name.startswith("understudy")) == ["understudy", "understudy.pytest_plugin"]
    """
    )
    play.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis").assert_outcomes(passed=1)


def test_64_tests_in_two_processes_never_see_each_other(play: pytest.Pytester) -> None:
    play.makepyfile(
        """
    from client import *

    @pytest.mark.parametrize("number", range(64))
    def test_alone(understudy, number):
        provider = understudy("juhuo")
        for _ in range(number % 4):
            submit(provider)
        assert provider.journal.count() == number % 4
        assert provider.account.used == 0
        provider.advance(minutes=60)
        assert (provider.account.used > 0) == (number % 4 > 0)
    """
    )
    play.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", "-n", "2").assert_outcomes(passed=64)
