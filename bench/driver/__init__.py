"""The driver of the benchmark: sets up, starts servers, runs the load generator in turns, writes the tables."""
