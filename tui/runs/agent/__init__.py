"""The one SDK client: its options, tool policy, environment and CLI process."""
