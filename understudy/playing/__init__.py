"""The public API: providers that a program plays to itself, and what it steers and sees of them."""
