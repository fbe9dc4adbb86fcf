"""What a hostile process may plant or break, and disks that fail."""
