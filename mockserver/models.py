"""The models that an account sees."""

from collections.abc import Iterator

from understudy.mockserver.exchange import Exchange
from understudy.specs.model import Model


def iter_models(exchange: Exchange) -> Iterator[Model]:
    """The models of the provider that the caller sees, in the spec's order."""
    account = exchange.account
    for model in exchange.site.stage.provider.models.values():
        if account is None or account.models is None or model.id in account.models:
            yield model


def find_model(exchange: Exchange, name: str) -> Model | None:
    """The model of that name, if the caller sees it."""
    model = exchange.site.stage.provider.models.get(name)
    account = exchange.account
    is_hidden = account is not None and account.models is not None and name not in account.models
    return None if is_hidden else model
