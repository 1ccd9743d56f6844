(* D5. CWMP is optimal for the energy it spends.

   No mask of cost at most c(prefix) retains more than the prefix does. This is the exact sense in which the
   abstract's 'optimal greedy solution' is true.

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation.
Open Scope R_scope.

Definition claim : Prop := forall I m, valid I -> mask I m ->
  spend I m <= spend I (kept (cwmp reals I)) -> value I m <= value I (kept (cwmp reals I)).

Theorem proved : claim.
Proof.
  intros I m V M S. pose proof (mask_affordable I m _ V M S (cwmp_fits I V)) as A.
  pose proof (priced_gain I _ _ m (cwmp_priced I V) (mask_fractional I m M) A). pose proof (price_nonneg I V). nra.
Qed.
