"""What the terminal shows of many findings that are alike."""

from io import StringIO

from rich.console import Console

from understudy.contracts.finding import Finding
from understudy.contracts.report.subject import Subject
from understudy.contracts.report.terminal import MOST_ALIKE, show


def test_many_alike_are_shown_in_part_and_it_says_how_many_more_there_are() -> None:
    alike = [
        Finding("refusal-fits", "a title", "warning", (), "chat", f"number {n}", ()) for n in range(MOST_ALIKE + 5)
    ]
    other = Finding("refusal-fits", "a title", "warning", (), "models", "another", ())
    said = StringIO()
    show(Subject("a relay", "lumen", "relay", (*alike, other)), Console(file=said, width=200))
    text = said.getvalue()
    assert [n for n in range(len(alike)) if f"number {n}\n" in text] == list(range(MOST_ALIKE))
    assert "5 more warnings of refusal-fits at chat: --report json=FILE has all" in text
    assert "another" in text
    assert f"0 failures, {len(alike) + 1} warnings" in text
