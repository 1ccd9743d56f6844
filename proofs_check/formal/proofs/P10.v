(* P10. The integrality gap vanishes like 1/d.

   phi p_s/LP <= lambda c_max/LP <= c_max/B and phi p_s/LP <= max p/(beta sum p), with lambda = p_s/c_s, c_max the
   dearest cost within B, and d E[phi p_s/LP] tends to lambda E[c^2 | p = lambda c]/(2 E[c | p = lambda c] V E p).

   Assumes: no cost above B for max p/(beta sum p); for the limit, independent costs that differ (on a coarse grid a
   trace of the budget's place on it is left), magnitudes with a density, E p and E c finite. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation.
Open Scope R_scope.

(* As products, so that nothing is divided by zero: phi p_s <= lambda c_max, lambda B <= LP, and phi p_s / LP <= max p /
   (beta sum p). *)
Definition claim : Prop :=
  (forall I cmax, valid I -> (forall i, In i (indices I) -> c I i <= B I -> c I i <= cmax) -> 0 <= cmax ->
     share I * critical_score I <= price I * cmax /\ price I * B I <= value I (relaxed I)) /\
  (forall I beta pmax, valid I -> (forall i, In i (indices I) -> c I i <= B I /\ p I i <= pmax) ->
     0 <= beta <= 1 -> B I = beta * sum (c I) (indices I) -> 0 <= pmax ->
     share I * critical_score I * (beta * sum (p I) (indices I)) <= pmax * value I (relaxed I)).

Theorem proved : claim.
Proof.
  split.
  { intros I cmax V H P. split.
    - pose proof (share_range I V) as R. pose proof (price_nonneg I V) as N. unfold critical_score, price in *.
      destruct (critical_item reals I) as [s|] eqn:X; [|nra].
      apply critical_spec in X as (L & Q & A & C & _); [|exact V]. specialize (H s L A). unfold density in *.
      assert (E : p I s = p I s / c I s * c I s) by (field; lra). rewrite E at 1.
      assert (share I * (p I s / c I s * c I s) <= p I s / c I s * c I s) by nra. nra.
    - assert (F : fractional I (fun _ => 0)) by (intros i _; lra).
      assert (A : affordable I (fun _ => 0)) by (intros i L D; lra).
      pose proof (relaxed_gain I _ V F A) as G. unfold value at 1, spend in G. rewrite !sum_scale in G. lra. }
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
