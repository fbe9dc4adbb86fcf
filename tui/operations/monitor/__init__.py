"""What needs attention, the audit's history, and statistics, for monitoring."""
