(* The numbers that the selectors are written over: reals for the theorems, integers to run them. *)
From Coq Require Import Reals ZArith.

Record arithmetic (T : Type) := Arithmetic {
  zero : T;
  add : T -> T -> T;
  sub : T -> T -> T;
  mul : T -> T -> T;
  leb : T -> T -> bool
}.
Arguments zero {T}.
Arguments add {T}.
Arguments sub {T}.
Arguments mul {T}.
Arguments leb {T}.

Definition reals : arithmetic R :=
  Arithmetic R 0%R Rplus Rminus Rmult (fun x y => if Rle_dec x y then true else false).

Definition integers : arithmetic Z := Arithmetic Z 0%Z Z.add Z.sub Z.mul Z.leb.
