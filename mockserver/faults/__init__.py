"""What can go wrong: one table of faults in four layers. Which exchange is hit is a rule's business."""

from collections.abc import Mapping

from understudy.mockserver.faults import calls, plans, streams
from understudy.mockserver.faults.fault import Fault

FAULTS: Mapping[str, type[Fault]] = {
    "fail": plans.Fail,
    "refuse": calls.Refuse,
    "status": calls.Status,
    "redirect": calls.Redirect,
    "latency": calls.Latency,
    "hang": calls.Hang,
    "drop": calls.Drop,
    "commit_drop": calls.CommitDrop,
    "reset": calls.ResetCall,
    "error_event": streams.ErrorEvent,
}

NAMES: Mapping[type[Fault], str] = {kind: name for name, kind in FAULTS.items()}
