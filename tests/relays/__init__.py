"""Real relays in front of the mock: not part of the tests, run by `make relays`."""
