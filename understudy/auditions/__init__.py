"""Where clients are tried: the mock behind a theatre's doors, the ways in which a client is run, and what is told of it."""
