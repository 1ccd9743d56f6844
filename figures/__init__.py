"""Figures of a paper, drawn from recorded results: files in, files out, nothing is computed again."""
