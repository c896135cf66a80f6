"""Measures the speeds that docs/benchmarks.md states; run as `python -m benchmarks`."""
