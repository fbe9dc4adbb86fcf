"""Tests of `tui.operations.trash` on disks and files that fail, or that others change."""
