"""The use cases, one function each, used by keys and verbs alike."""
