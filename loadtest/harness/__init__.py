"""What the benchmarks share: systems, load, callgrind, statistics, tables."""
