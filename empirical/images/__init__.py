"""CIFAR-10 on its way to the clients: archive, folders, arrays, and splits over clients.

Offers: :mod:`cifar10` (arrays, from whatever is at hand), :mod:`archive`, :mod:`folders`, :mod:`partition`.
Imports: theory, and of this experiment its random streams.
"""
