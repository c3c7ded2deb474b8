"""The truth about each provider, and what it means."""
