"""What keys and `:` commands do: ask what is missing, act, and say what happened."""
