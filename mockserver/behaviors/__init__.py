"""What an operation does: a table of behaviors, each a maker of functions from an exchange to its answer."""

from collections.abc import Callable

from understudy.mockserver.behaviors import account, completions, images, lists, models, speech, tasks, uploads
from understudy.mockserver.exchange import Exchange
from understudy.mockserver.scope import ScopeResolver
from understudy.specs.model import Operation, Provider

# A behavior fills the exchange with what the operation's template shows, or raises Refusal.
Behavior = Callable[[Exchange], None]

BEHAVIORS: dict[str, Callable[[Operation, Provider, ScopeResolver], Behavior]] = {
    "task.submit": tasks.submit,
    "task.get": tasks.get,
    "task.list": lists.list_,
    "task.cancel": tasks.cancel,
    "account.balance": account.balance,
    "upload.presign": uploads.presign,
    "upload.put": uploads.put,
    "completion": completions.complete,
    "images": images.generate,
    "speech": speech.speak,
    "models.list": models.list_,
}
