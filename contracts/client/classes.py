"""The classes of bugs that clients have: what a scorecard counts by."""

from collections.abc import Mapping

CLASSES: Mapping[str, str] = {
    "C1": "waits for ever",
    "C2": "asks on after the end",
    "C3": "takes the unknown for done",
    "C4": "hides a failure",
    "C5": "done without a result",
    "C6": "creates twice",
    "C7": "idempotency keys",
    "C8": "does not wait as asked",
    "C9": "asks again in vain",
    "C10": "an error at 200",
    "C11": "an error within a stream",
    "C12": "takes a part for the whole",
    "C13": "empty events",
    "C14": "waits for the close",
    "C15": "framing of events",
    "C16": "torn characters",
    "C17": "unknown words and members",
    "C18": "forms of numbers",
    "C19": "expired links",
    "C20": "polls that fail",
    "C21": "the last poll",
    "C22": "callbacks",
    "C23": "secrets and other hosts",
}
GENERAL = "in general"


def name_of(classes: tuple[str, ...]) -> str:
    """The first class with its title; what is of no class is general."""
    return f"{classes[0]} {CLASSES[classes[0]]}" if classes else GENERAL
