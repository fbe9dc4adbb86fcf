"""Listings made for real, as the guide's code and the CLI write them."""
