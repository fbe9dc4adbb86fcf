"""The way in for pipelines: `SessionManager`, of one part for each duty, and the run it gives."""
