"""Configuration: the flags of the verbs, also as environment variables and in a file; flag > environment > file."""
