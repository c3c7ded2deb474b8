"""What can go wrong: one table of faults in four layers. Which exchange is hit is a rule's business."""

from collections.abc import Mapping

from understudy.mockserver.faults import answers, bodies, calls, given, plans, streams, wires
from understudy.mockserver.faults.fault import Fault

FAULTS: Mapping[str, type[Fault]] = {
    "fail": plans.Fail,
    "stick": plans.Stick,
    "regress": plans.Regress,
    "vanish": plans.Vanish,
    "slow": plans.Slow,
    "overcharge": plans.Overcharge,
    "callback": plans.Callback,
    "refuse": calls.Refuse,
    "status": calls.Status,
    "reply": given.Reply,
    "redirect": calls.Redirect,
    "latency": calls.Latency,
    "hang": calls.Hang,
    "drop": calls.Drop,
    "commit_drop": calls.CommitDrop,
    "reset": calls.ResetCall,
    "missing": answers.Missing,
    "renamed": answers.Renamed,
    "retyped": answers.Retyped,
    "null": answers.Null,
    "unknown_value": answers.UnknownValue,
    "extra": answers.Extra,
    "number_form": answers.NumberForm,
    "error_200": bodies.Error200,
    "html": bodies.Html,
    "empty": bodies.Empty,
    "invalid_json": bodies.InvalidJson,
    "content_type": bodies.ContentType,
    "content_length": bodies.ContentLength,
    "cut": wires.Cut,
    "no_end": streams.NoEnd,
    "error_event": streams.ErrorEvent,
    "stay_open": wires.StayOpen,
    "stall": wires.Stall,
    "split_character": wires.SplitCharacter,
    "drip": wires.Drip,
    "reframe": wires.Reframe,
    "pings": streams.Pings,
    "usage_chunk": streams.UsageChunk,
    "merge": wires.Merge,
    "duplicate": streams.Duplicate,
    "reorder": streams.Reorder,
    "truncated_chunk": wires.TruncatedChunk,
}

NAMES: Mapping[type[Fault], str] = {kind: name for name, kind in FAULTS.items()}
