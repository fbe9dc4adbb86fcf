"""What the console remembers and shows: queries, drafts, notifications, layout."""
