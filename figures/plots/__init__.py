"""The figures, one module each: ``draw`` takes records and returns a figure.

Imports: records, style, labels and captions of :mod:`figures`.
"""
