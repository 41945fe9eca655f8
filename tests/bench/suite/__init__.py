"""Measures Ekiden beside its peers: scripts/bench is the way in, ../bench.py reads its words."""
