"""Claims proved in Coq for every number of coordinates, and the machinery that has its kernel check them.

proofs/        the library and one file a claim, in Coq
theorems       which theorem stands for which claim, and which claims have none, and why
sources        what a file says: its words, its statement, what it needs
compiling      coqc, with what it made kept by content
kernel         every theorem checked, with the axioms it rests on
evaluation     the selectors of the proofs, run on numbers
checks         the method ``formal`` of the claims

Imports: theory, and of this package the ways of judging.
"""
