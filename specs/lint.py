"""Checks that need the built model: templates and examples against their schemas, and the facts' order."""

from understudy.specs import model
from understudy.specs.documents import Document


def check_provider(document: Document, provider: model.Provider) -> None:
    """Note every template and example that its own schema rejects."""
