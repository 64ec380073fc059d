"""What networks see, kept for the docks: signatures in hand, and the jobs that take them."""
