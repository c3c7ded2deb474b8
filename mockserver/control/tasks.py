"""Steering tasks."""

from fastapi import HTTPException

from understudy.mockserver.control.routes import Route, ThisSite


async def cancel(site: ThisSite, task_id: str) -> None:
    """End a task as its provider would cancel it, also where customers have no way to ask for that."""
    now = site.now()
    task = site.tasks.store.find(task_id)
    if task is None:
        raise HTTPException(404, f"no task {task_id!r} at {site.slug}")
    if not site.tasks.cancel(task, now):
        state = task.state_at(now).name
        raise HTTPException(409, f"a {task.kind.name} cannot be cancelled while it is {state}")
    site.callbacks.moved(now)


ROUTES = (Route("POST", "/{slug}/tasks/{task_id}/cancel", cancel, 204),)
