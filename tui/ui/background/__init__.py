"""The loops that keep the screen up to date. They handle no key."""
