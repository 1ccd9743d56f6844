"""What a tensor of a model is: from the module that owns it, or from its name and shape.

Offers: :mod:`by_module` (facts: types of modules) and :mod:`by_shape` (files: shape first, names where shapes leave a
tie, and a guess says that it is one).
Imports: nothing of ours.
"""
