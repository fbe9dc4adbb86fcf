"""A host's side of the fleet: it publishes, ships, carries out what others ask, and hands over."""
