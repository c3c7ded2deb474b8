"""Steering accounts: who may call, with which money."""

from decimal import Decimal
from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, Field

from understudy.mockserver.accounts import Account
from understudy.mockserver.control.routes import Route, ThisSite
from understudy.mockserver.site import Site

Money = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6)]


class AccountView(BaseModel):
    """An account and its money, in the provider's credits."""

    id: str
    total: Decimal
    used: Decimal
    held: Decimal
    remaining: Decimal
    recharged: Decimal
    slots: int | None
    tasks: int
    keys: int
    models: list[str] | None


class NewAccount(BaseModel):
    """An account to open, or a further key for one that is there."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    key: Annotated[str, Field(min_length=1, max_length=500)]
    credits: Money = Decimal(0)
    recharged: Money = Decimal(0)


class Credit(BaseModel):
    """Credits to pay in; `recharged` is what was paid for them and counts for the tier."""

    credits: Money
    recharged: Money = Decimal(0)


class TierChange(BaseModel):
    """What was ever paid in, which sets how many tasks may run at once."""

    recharged: Money


class Visible(BaseModel):
    """The models that an account sees; null is all."""

    models: Annotated[list[Annotated[str, Field(max_length=200)]] | None, Field(max_length=1_000)]


class Key(BaseModel):
    """A key of an account."""

    key: Annotated[str, Field(min_length=1, max_length=500)]


def _view(site: Site, account: Account) -> AccountView:
    now, ledger = site.now(), account.ledger
    return AccountView(
        id=account.id,
        total=ledger.total,
        used=ledger.used(now),
        held=ledger.held(now),
        remaining=ledger.remaining(now),
        recharged=account.recharged,
        slots=account.slots,
        tasks=site.tasks.store.count(account.id, frozenset()),
        keys=len(site.accounts.keys_of(account)),
        models=None if account.models is None else sorted(account.models),
    )


def _find(site: Site, name: str) -> Account:
    account = site.accounts.named(name)
    if account is None:
        raise HTTPException(404, f"no account {name!r} at {site.slug}")
    return account


async def list_accounts(site: ThisSite) -> list[AccountView]:
    """All accounts of a provider."""
    return [_view(site, account) for account in site.accounts]


async def open_account(site: ThisSite, new: NewAccount) -> AccountView:
    """Open an account, or give one a further key."""
    owner = site.accounts.owner(new.key)
    if owner is not None and owner.id != new.id:
        raise HTTPException(409, f"that key is {owner.id}'s; choose another, or revoke it first")
    if site.accounts.is_full:
        raise HTTPException(409, f"{site.slug} has as many accounts or keys as are kept; reuse one")
    return _view(site, site.accounts.open(new.id, new.key, new.credits, new.recharged))


async def credit(site: ThisSite, name: str, paid: Credit) -> AccountView:
    """Pay in; tasks that waited for money or a slot are planned anew."""
    account = _find(site, name)
    account.ledger.credit(paid.credits)
    account.recharged += paid.recharged
    site.tasks.replan(account, site.now())
    site.callbacks.moved(site.now())
    return _view(site, account)


async def get_account(site: ThisSite, name: str) -> AccountView:
    """One account."""
    return _view(site, _find(site, name))


async def set_tier(site: ThisSite, name: str, wanted: TierChange) -> AccountView:
    """Set what counts for the tier; tasks that waited for a slot are planned anew, those that run go on."""
    account = _find(site, name)
    account.recharged = wanted.recharged
    site.tasks.replan(account, site.now())
    site.callbacks.moved(site.now())
    return _view(site, account)


async def set_models(site: ThisSite, name: str, wanted: Visible) -> AccountView:
    """Choose the models that an account sees; all others are unknown to it from now on."""
    account = _find(site, name)
    known = list(site.stage.provider.models)
    unknown = [model for model in wanted.models or () if model not in known]
    if unknown:
        raise HTTPException(422, f"{site.slug} has no model {unknown[0]!r}; there are {', '.join(known) or 'none'}")
    account.models = None if wanted.models is None else frozenset(wanted.models)
    return _view(site, account)


async def revoke_account(site: ThisSite, name: str) -> AccountView:
    """Refuse all keys of an account from now on; its tasks go on."""
    account = _find(site, name)
    for key in site.accounts.keys_of(account):
        site.accounts.revoke(key)
    return _view(site, account)


async def revoke(site: ThisSite, key: Key) -> None:
    """Refuse a key from now on."""
    site.accounts.revoke(key.key)


ROUTES = (
    Route("GET", "/{slug}/accounts", list_accounts),
    Route("POST", "/{slug}/accounts", open_account, 201),
    Route("GET", "/{slug}/accounts/{name}", get_account),
    Route("POST", "/{slug}/accounts/{name}/credit", credit),
    Route("PUT", "/{slug}/accounts/{name}/tier", set_tier),
    Route("PUT", "/{slug}/accounts/{name}/models", set_models),
    Route("POST", "/{slug}/accounts/{name}/revoke", revoke_account),
    Route("POST", "/{slug}/keys/revoke", revoke, 204),
)
