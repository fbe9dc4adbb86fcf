"""The verbs: every action of the console as a command, for scripts and cron."""
