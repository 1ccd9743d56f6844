(* P10. The integrality gap vanishes like 1/d.

   phi p_s/LP <= max p/(beta sum p) always, and d E[phi p_s/LP] tends to lambda E[c^2 | p = lambda c]/(2 E[c | p =
   lambda c] V E p).

   Assumes: B >= c_max for the first; for the limit, independent costs that differ (on a coarse grid a trace of the
   budget's place on it is left), magnitudes with a density, E p and E c finite. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation.
Open Scope R_scope.

(* phi p_s / LP <= max p / (beta sum p), as products so that nothing is divided by zero. *)
Definition claim : Prop := forall I beta pmax, valid I -> (forall i, In i (indices I) -> c I i <= B I /\ p I i <= pmax) ->
  0 <= beta <= 1 -> B I = beta * sum (c I) (indices I) -> 0 <= pmax ->
  share I * critical_score I * (beta * sum (p I) (indices I)) <= pmax * value I (relaxed I).

Theorem proved : claim.
Proof.
  intros I beta pmax V H Hb E P.
  assert (F : fractional I (fun _ => beta)) by (intros i _; exact Hb).
  assert (A : affordable I (fun _ => beta)) by (intros i L D; destruct (H i L); lra).
  pose proof (relaxed_gain I _ V F A) as G. unfold value at 1, spend in G. rewrite !sum_scale, <- E in G.
  assert (S : 0 <= sum (p I) (indices I)) by (apply sum_nonneg; intros i L; apply (proj2 V i L)).
  pose proof (share_range I V) as R1.
  assert (C : 0 <= critical_score I <= pmax).
  { unfold critical_score. destruct (critical_item reals I) as [s|] eqn:X; [|split; lra].
    apply critical_spec in X as (L & Q & _); [|exact V]. destruct (H s L). split; lra. }
  assert (0 <= share I * critical_score I) by nra. assert (share I * critical_score I <= pmax) by nra.
  rewrite Rminus_eq_0, Rmult_0_r, Rplus_0_r in G. assert (0 <= beta * sum (p I) (indices I)) by (apply Rmult_le_pos; lra).
  eapply Rle_trans; [apply Rmult_le_compat_r; [auto|eassumption]|]. now apply Rmult_le_compat_l.
Qed.
