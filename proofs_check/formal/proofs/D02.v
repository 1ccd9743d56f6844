(* D2. CWMP solves the relaxation.

   The prefix together with the fraction phi of the critical item maximises sum p_i z_i over 0 <= z <= 1, sum c_i
   z_i <= B, with dual multiplier lambda = p_s/c_s and no duality gap.

   Assumes: z ranges over the affordable items (c_i <= B). *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Relaxation.
Open Scope R_scope.

Definition claim : Prop := forall I, valid I ->
  (fractional I (relaxed I) /\ affordable I (relaxed I) /\ spend I (relaxed I) <= B I) /\
  (forall z, fractional I z -> affordable I z -> spend I z <= B I -> value I z <= value I (relaxed I)) /\
  0 <= price I /\
  value I (relaxed I) = price I * B I + sum (surplus I (price I)) (indices I).

Theorem proved : claim.
Proof.
  intros I V. pose proof (price_nonneg I V) as L. repeat split.
  - apply (relaxed_fractional I V); auto.
  - apply (relaxed_fractional I V); auto.
  - apply relaxed_affordable, V.
  - apply relaxed_fits, V.
  - intros z Z F S. pose proof (relaxed_gain I z V Z F). nra.
  - exact L.
  - rewrite relaxed_value, gap_is_priced, slackness by auto. lra.
Qed.
