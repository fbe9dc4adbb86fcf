"""The hand-over as Markdown, in the order of urgency, and as JSON."""
