"""Updates as people have them on disk, and every file that is written.

Offers: :mod:`updates` (one call reads any of the formats), one module a format (:mod:`npy`, :mod:`safetensors`,
:mod:`torch_checkpoints`, :mod:`shards`), :mod:`nesting`, :mod:`contents`, :mod:`outputs` (atomic, nothing replaced).
Imports: errors and layers. A room of its own, since formats are many and every other room is free of them.
"""
