"""What an operation does."""
