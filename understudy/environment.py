"""The environment by which a provider's SDKs find the mock: the spec's lines with their places filled in."""

from understudy.specs.model import Provider


def environment_of(provider: Provider, base_url: str, key: str, host_url: str) -> dict[str, str]:
    """Variable -> value. `base_url`: of the provider; `host_url`: of the server, for SDKs that take a host alone."""
    places = {"{$base_url}": base_url, "{$api_key}": key, "{$host_url}": host_url}
    return {name: _fill(text, places) for name, text in provider.environment.items()}


def _fill(text: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        text = text.replace(place, value)
    return text
