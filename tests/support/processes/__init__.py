"""Real programs that tests start and watch: terminals, sshd, tmux, the CLI."""
