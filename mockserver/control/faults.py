"""What shall go wrong: the rules of a world."""

from typing import Annotated, Any

from fastapi import Body, HTTPException
from pydantic import BaseModel

from understudy.mockserver.control.routes import Route, ThisWorld
from understudy.mockserver.faults.rule import FaultError
from understudy.mockserver.faults.table import describe

PlainRule = Annotated[dict[str, Any], Body(examples=[{"fault": "status", "status": 503, "times": 2}])]


class RuleId(BaseModel):
    """Under what name a rule works."""

    id: str


async def add(world: ThisWorld, rule: PlainRule) -> RuleId:
    """Let a rule work from now on: a fault with its parameters, and whom it hits."""
    try:
        return RuleId(id=world.faults.add(rule))
    except FaultError as error:
        raise HTTPException(422, str(error)) from None


async def list_rules(world: ThisWorld) -> dict[str, Any]:
    """The rules, those that are spent first, with how many exchanges fitted and how many were hit."""
    return {"rules": world.faults.list(), "dropped": world.faults.dropped}


async def list_known() -> list[dict[str, Any]]:
    """All faults that there are, with their parameters as a JSON Schema."""
    return describe()


async def remove(world: ThisWorld, rule_id: str) -> None:
    """Let a rule work no more."""
    if not world.faults.remove(rule_id):
        raise HTTPException(404, f"no rule {rule_id!r} is at work")


async def clear(world: ThisWorld) -> None:
    """Let nothing go wrong any more."""
    world.faults.clear()


ROUTES = (
    Route("GET", "/faults", list_rules),
    Route("POST", "/faults", add, 201),
    Route("DELETE", "/faults", clear, 204),
    Route("GET", "/faults/known", list_known),
    Route("DELETE", "/faults/{rule_id}", remove, 204),
)
