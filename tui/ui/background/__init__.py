"""The loops that keep the screen up to date; no key is handled here."""
