"""Seeing callbacks, and trying one again: what was owed to whom, and what came of it."""

from fastapi import HTTPException
from pydantic import BaseModel

from understudy.mockserver.control.routes import Route, ThisSite
from understudy.mockserver.redaction import Keys


class AttemptView(BaseModel):
    """One try: when, and what the receiver answered; status 0 and a reason when it did not."""

    at: float
    status: int
    reason: str


class DeliveryView(BaseModel):
    """One callback that is owed: `waiting`, `delivered` or `given up`; keys are taken out of its body."""

    number: int
    task: str
    url: str
    state: str
    body: str
    attempts: list[AttemptView]


class DeliveryList(BaseModel):
    """Deliveries, the latest last, and how many earlier ones are no longer kept."""

    deliveries: list[DeliveryView]
    dropped: int


async def list_callbacks(site: ThisSite) -> DeliveryList:
    """Callbacks with their attempts, the latest last."""
    hide = site.stage.redactor.hider(frozenset(), Keys(site.accounts.every_key))
    said = [DeliveryView(**{**each, "body": hide(each["body"])}) for each in site.callbacks.list()]
    return DeliveryList(deliveries=said, dropped=site.callbacks.dropped)


async def redeliver(site: ThisSite, number: int) -> DeliveryView:
    """Try a delivery again, now; what fails is tried again as often as the provider does."""
    delivery = site.callbacks.find(number)
    if delivery is None:
        raise HTTPException(404, f"no delivery {number} at {site.slug}")
    if delivery.again is None or (delivery.state == "waiting"):
        raise HTTPException(409, f"the delivery {number} is {delivery.state}: it is tried when its time comes")
    await delivery.again(site.now())
    listed = await list_callbacks(site)
    return next(each for each in listed.deliveries if each.number == number)


ROUTES = (
    Route("GET", "/{slug}/callbacks", list_callbacks),
    Route("POST", "/{slug}/callbacks/{number}/redeliver", redeliver),
)
