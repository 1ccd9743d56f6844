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
