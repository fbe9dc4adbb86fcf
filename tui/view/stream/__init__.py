"""The lines of the Live pane: entries, tool calls, requests and sub-agents."""
