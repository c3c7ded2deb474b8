"""Speed and memory, as ratios to a server that does nothing; run by `make bench`."""
