"""What agents may do, and that nothing is granted unseen, with the real CLI."""
