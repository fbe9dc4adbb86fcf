"""The files of a run's folder, for its runner and all readers; starts and ends no process."""
