"""Uploads: what a task is to be made of has to be there first."""

from collections.abc import Iterator

from understudy.contracts.client.trial import Seen, Trial
from understudy.contracts.client.use import Use
from understudy.contracts.finding import Evidence
from understudy.contracts.reading import iter_strings


def upload_checked(trial: Trial, use: Use) -> Iterator[Evidence]:
    """No task is asked for that is to be made of what was not uploaded."""
    uploads = trial.of("upload.put")
    if not uploads or any(_is_taken(seen) for seen in uploads):
        return
    names = {seen.reading.values.get("$upload.key") for seen in trial.of("upload.presign")} - {None}
    for seen in trial.of("task.submit"):
        if names & set(iter_strings(seen.body)):
            failed = uploads[-1]
            why = f"refused with {failed.exchange.status}" if failed.exchange.status else "not answered"
            yield Evidence(
                f"it asked for a task that needs what it had not uploaded: the upload was {why}",
                (failed.exchange, seen.exchange),
                operation=failed.exchange.operation,
            )
            return


def _is_taken(seen: Seen) -> bool:
    # What may have arrived is given the benefit of the doubt.
    return not seen.step.undone and seen.exchange.status < 300
