"""Checks the specs against clients and relays."""
