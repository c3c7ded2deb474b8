"""What the clients of the zoo are made of: a careful HTTP client, its flaws, and the two ways in which it is run."""
