"""Media that players open."""
