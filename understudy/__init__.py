"""Contract testing and mock providers for gen-AI gateways."""
