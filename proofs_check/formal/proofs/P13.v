(* P13. The lost score concentrates whatever the tail.

   Every feasible mask loses at least sum Y_i, Y_i = min(p_i, lambda c_i) - lambda beta c_i, terms in [-lambda
   beta c_max, lambda (1 - beta) c_max]; prefix CWMP at most sum p_i 1[p_i <= lambda' c_i], terms in [0, lambda'
   c_max], when the rule p > lambda' c fits. So the lost score has a two-sided bound by Hoeffding, Bernstein or
   Chebyshev.

   Assumes: costs bounded, or E c^2 finite (Chebyshev); nothing of the magnitudes, E p may be infinite. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Sums.
Open Scope R_scope.

Definition Y (beta lam : R) (I : instance R) (i : nat) : R := Rmin (p I i) (lam * c I i) - lam * beta * c I i.

(* Every candidate within the budget loses at least the sum of the Y_i, whose range does not depend on the scores. *)
Definition claim : Prop := forall I beta lam cmax z, valid I -> 0 <= lam -> 0 <= beta <= 1 ->
  B I = beta * sum (c I) (indices I) -> (forall i, In i (indices I) -> c I i <= cmax) ->
  fractional I z -> spend I z <= B I ->
  sum (Y beta lam I) (indices I) <= sum (p I) (indices I) - value I z /\
  forall i, In i (indices I) -> - (lam * beta * cmax) <= Y beta lam I i <= lam * (1 - beta) * cmax.

Theorem proved : claim.
Proof.
  intros I beta lam cmax z V L Hb E C Z F. split.
  - assert (G : sum (Y beta lam I) (indices I) <=
      sum (fun i => (1 - z i) * p I i + lam * (z i * c I i) - lam * beta * c I i) (indices I)).
    { apply sum_le. intros i K. unfold Y. specialize (Z i K). pose proof (Rmin_l (p I i) (lam * c I i)).
      pose proof (Rmin_r (p I i) (lam * c I i)).
      assert (Rmin (p I i) (lam * c I i) = (1 - z i) * Rmin (p I i) (lam * c I i) + z i * Rmin (p I i) (lam * c I i)) by ring.
      assert ((1 - z i) * Rmin (p I i) (lam * c I i) <= (1 - z i) * p I i) by (apply Rmult_le_compat_l; lra).
      assert (z i * Rmin (p I i) (lam * c I i) <= z i * (lam * c I i)) by (apply Rmult_le_compat_l; lra). lra. }
    eapply Rle_trans; [exact G|]. rewrite sum_minus, sum_plus, !sum_scale. fold (spend I z).
    rewrite (sum_ext (fun i => (1 - z i) * p I i) (fun i => p I i - z i * p I i)) by (intros; ring).
    rewrite sum_minus. fold (value I z). change (fun i => p I i) with (p I). change (fun i => c I i) with (c I).
    assert (lam * beta * sum (c I) (indices I) = lam * B I) by (rewrite E; ring). nra.
  - intros i K. unfold Y. destruct (proj2 V i K) as [Pi Ci]. specialize (C i K).
    assert (0 <= Rmin (p I i) (lam * c I i)) by (apply Rmin_glb; nra). pose proof (Rmin_r (p I i) (lam * c I i)).
    assert (lam * beta * c I i <= lam * beta * cmax) by (apply Rmult_le_compat_l; nra).
    assert (lam * (1 - beta) * c I i <= lam * (1 - beta) * cmax) by (apply Rmult_le_compat_l; nra).
    assert (0 <= lam * beta) by nra. split; nra.
Qed.
