"""Parts of scripts/bench.py: data, cases, peers, checks and goals of the benchmark."""
