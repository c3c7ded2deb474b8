"""Speaks the specs."""
