"""A console's side of the fleet: what lives elsewhere is seen, copied while it is looked at, and
steered by commands to its home."""
