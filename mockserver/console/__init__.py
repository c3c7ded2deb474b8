"""The page for people: what it shows as plain values, and the files that it is made of."""
