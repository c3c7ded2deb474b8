"""An account without credits: what costs something is refused."""

from understudy.contracts.drivers.drive import Drive
from understudy.contracts.drivers.tasks import look_as, submits
from understudy.contracts.drivers.together import all_of
from understudy.contracts.inputs import find_task_body
from understudy.specs.model import Kind, Operation

NO_POOR = "no account without credits: give --poor-api-key, or --control-url where the target is the mock"


async def run_poor(drive: Drive) -> None:
    """Ask for a task of each kind without the credits for it."""
    if "poor" not in drive.target.credentials:
        drive.reasons.update({f"refusal/{o.id}/insufficient_credits": NO_POOR for o, _ in submits(drive)})
        return
    await look_as(drive, "poor")
    await all_of(*(_ask(drive, *each) for each in submits(drive)))
    await look_as(drive, "poor")


async def _ask(drive: Drive, operation: Operation, kind: Kind) -> None:
    body = find_task_body(drive.contract, operation, kind)
    if body is not None:
        await drive.target.send(drive.ask(operation, body, who="poor"))
