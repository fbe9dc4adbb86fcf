"""The console in real terminals, tmux and SSH."""
