"""What a transcript has beside its lines: branches, sub-agents, kept results."""
