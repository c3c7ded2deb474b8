"""Relays that are wrong: a proxy in front of the mock that tells one lie."""
