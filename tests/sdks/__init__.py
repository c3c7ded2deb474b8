"""The official SDKs' own suites against the mock."""
