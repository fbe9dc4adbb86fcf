"""What a runner writes into its run's folder. All that readers need is in `runs.folder`."""
