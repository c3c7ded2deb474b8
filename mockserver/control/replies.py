"""What shall be answered: the reply script of a world."""

from typing import Annotated, Any

from fastapi import Body, HTTPException, Response

from understudy.mockserver.control.routes import Route, ThisWorld
from understudy.mockserver.faults.rule import FaultError
from understudy.mockserver.faults.schema import script_schema

_SCRIPT = {"replies": [{"operation": "*", "steps": [{"fault": "status", "status": 503, "repeat": 2}, "healthy"]}]}
_LINE = {"when": {"last": "weather"}, "tools": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}


async def get(world: ThisWorld) -> dict[str, Any]:
    """The script that is played, null when there is none, and how far everything has come in it."""
    return {"script": world.script.get(), **world.script.progress()}


async def put(world: ThisWorld, script: Annotated[dict[str, Any], Body(examples=[_SCRIPT])]) -> dict[str, Any]:
    """Play a script from its beginning, in place of any other."""
    try:
        world.script.set(script)
    except FaultError as error:
        raise HTTPException(422, str(error)) from None
    return world.script.progress()


async def say(world: ThisWorld, line: Annotated[dict[str, Any], Body(examples=[_LINE])]) -> dict[str, Any]:
    """Script one completion more: text, thinking, tool calls or an error, and to which question."""
    try:
        world.script.say(line)
    except FaultError as error:
        raise HTTPException(422, str(error)) from None
    return world.script.progress()


async def clear(world: ThisWorld) -> Response:
    """Play no script any more."""
    world.script.clear()
    return Response(status_code=204)


async def schema() -> dict[str, Any]:
    """The JSON Schema of scripts."""
    return script_schema()


ROUTES = (
    Route("GET", "/replies", get),
    Route("PUT", "/replies", put),
    Route("DELETE", "/replies", clear, 204),
    Route("POST", "/replies/completions", say, 201),
    Route("GET", "/replies/schema", schema),
)
