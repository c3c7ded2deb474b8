"""Clients judged: reply scripts that are played to them, scenarios, judgements, and the search for what trips them."""
