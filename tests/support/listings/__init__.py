"""Real listings, as the guide's code and the CLI write them."""
