"""The fixture `understudy`: a world of its own for each test, played in the way that markers and options say."""

import anthropic
import openai
import pytest

import understudy as api
from tests.understudy.test_provider import submit


@pytest.mark.parametrize("turn", range(3))
def test_each_test_has_a_world_of_its_own(understudy: api.Visit, turn: int) -> None:
    provider = understudy("juhuo")
    assert provider.journal.count() == 0
    submit(provider)
    assert provider.journal.count() == 1


def test_asked_again_it_is_the_same_and_in_other_words_another(understudy: api.Visit) -> None:
    assert understudy("juhuo") is understudy("juhuo")
    assert understudy("juhuo") is not understudy("juhuo", seed=1)


@pytest.mark.understudy(clock="poll")
@pytest.mark.parametrize("seed", [pytest.param(5, marks=pytest.mark.understudy(seed=5))])
def test_markers_say_how_and_a_call_says_it_last(understudy: api.Visit, seed: int) -> None:
    settings = understudy("juhuo")._seat.world.settings
    assert (settings.clock, settings.seed) == ("poll", seed)
    assert understudy("juhuo", seed=6)._seat.world.settings.seed == 6


def test_official_clients_find_it_by_their_environment(understudy: api.Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = understudy("clawdrouter")
    provider.set_environment(monkeypatch)
    provider.script.say("Rain.")
    provider.script.say("Sun.")
    with openai.OpenAI() as client:
        asked = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "And today?"}])
    with anthropic.Anthropic() as other:
        message = other.messages.create(
            model="claude-sonnet-4-6", max_tokens=100, messages=[{"role": "user", "content": "And tomorrow?"}]
        )
    assert asked.choices[0].message.content == "Rain."
    assert [block.text for block in message.content if block.type == "text"] == ["Sun."]
    assert provider.journal.count() == 2
