"""The demo company: raw tables as its sources would land them, and an independent truth."""
