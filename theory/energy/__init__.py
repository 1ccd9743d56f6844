"""From layers to joules.

Offers: :mod:`models` (energy models: radio and memory by name, every number with its source) and :mod:`costs`
(what a text such as ``"fc=10,rest=1"``, a model's name or a file says of an update's layers).
Imports: the hall, :mod:`theory.arithmetic`, :mod:`theory.files`.
"""
