"""From a parsed document to the model: a module for each kind of thing, a small function for each thing."""

from collections.abc import Mapping
from typing import Any

from understudy.specs import model
from understudy.specs.builders.errors import Errors
from understudy.specs.builders.kinds import build_kinds, remembering
from understudy.specs.builders.operations import build_operations
from understudy.specs.builders.options import chosen
from understudy.specs.problems import Misfit, at
from understudy.specs.sources import iter_sources, parse_sources


def build_provider(document: Mapping[str, Any], profile: model.Profile) -> model.Provider:
    """Build the provider in a profile; raises Misfit with the place of the first thing wrong."""
    if "x-provider" not in document:
        raise Misfit("this is no provider: x-provider is missing", "see the manual: x-provider")
    who = document["x-provider"]
    options = {name: tuple(option["values"]) for name, option in who.get("options", {}).items()}
    profile = model.Profile(profile.strictness, chosen(options, profile.options))
    hosts = who.get("hosts", {})
    media_hosts = tuple(hosts.get("media", ()))
    errors = at("x-errors", Errors, document, profile)
    kinds = at("x-tasks", build_kinds, document.get("x-tasks", {}), profile.options)
    operations = tuple(at("paths", lambda: list(build_operations(document, profile, media_hosts, errors))))
    return model.Provider(
        slug=who["slug"],
        title=document["info"]["title"],
        profile=profile,
        api_hosts=tuple(hosts.get("api", ())),
        media_hosts=media_hosts,
        key_pattern=who["keys"]["pattern"],
        accounts=tuple(_account(account) for account in who["accounts"]),
        models={name: _model(name, said) for name, said in who.get("models", {}).items()},
        options=options,
        environment=who.get("environment", {}),
        operations=operations,
        kinds={kind.name: remembering(kind, operations) for kind in kinds.values()},
        failures=at("x-errors", errors.failures, "default"),
        prefixes=at("x-errors", errors.prefixes),
        media_failures=at("x-errors", errors.media),
        phrases=at("x-errors", errors.phrases),
        limits=at("x-limits", _limits, document.get("x-limits", {}), profile),
        idempotency=_idempotency(document.get("x-idempotency")),
        sources=tuple(s for place, value in iter_sources(document) for s in parse_sources(value, place)),
        document=document,
    )


def _account(account: Mapping[str, Any]) -> model.DemoAccount:
    credits = str(account["credits"])
    models = tuple(account["models"]) if "models" in account else None
    return model.DemoAccount(account["id"], account["key"], credits, str(account.get("recharged", credits)), models)


def _model(name: str, said: Mapping[str, Any]) -> model.Model:
    return model.Model(name, said.get("owner", ""), said.get("created", 0), frozenset(said["uses"]))


def _limits(limits: Mapping[str, Any], profile: model.Profile) -> model.Limits:
    tiers = limits.get("concurrency", {}).get("tiers", ())
    rate = limits.get("rate")
    when = rate.get("when", {}) if rate else {}
    applies = all(profile.options.get(name) == value for name, value in when.items())
    return model.Limits(
        tiers=tuple(model.Tier(str(recharged), running) for recharged, running in tiers),
        rate=(rate["requests"], float(rate["seconds"])) if rate and applies else None,
        body=limits.get("body", model.Limits().body),
    )


def _idempotency(idempotency: Mapping[str, Any] | None) -> model.Idempotency | None:
    return model.Idempotency(idempotency["header"], float(idempotency["lifetime"])) if idempotency else None
