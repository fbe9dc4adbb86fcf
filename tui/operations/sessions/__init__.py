"""Changing one session's row or title: extend, rename, adopt, acknowledge, mark failed."""
