(* P7. Upper deviation.

   P(LP/d > V E p + eps) <= failure, with eps = range(X) sqrt(ln(1/failure)/(2d)) or, for finite variance, eps =
   sqrt(Var X (1/failure - 1)/d), X = lambda beta c + (p - lambda c)+.

   Assumes: p and c bounded (Hoeffding), or E p^2 and E c^2 finite (one-sided Chebyshev). *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Sums.
From CWMP Require D03.
Open Scope R_scope.

Definition X (beta lam : R) (I : instance R) (i : nat) : R := lam * beta * c I i + Rmax 0 (p I i - lam * c I i).

(* At any price fixed beforehand no candidate of the relaxation retains more than the sum of the X_i, and so in the
   mean over finitely many outcomes w of probability q w, whatever the candidate does in each. *)
Definition claim : Prop := forall beta lam outcomes (q : nat -> R) (I : nat -> instance R) z, 0 <= lam ->
  (forall w, In w (seq 0 outcomes) -> 0 <= q w /\ valid (I w) /\ B (I w) = beta * sum (c (I w)) (indices (I w)) /\
     fractional (I w) (z w) /\ spend (I w) (z w) <= B (I w)) ->
  (forall w, In w (seq 0 outcomes) -> value (I w) (z w) <= sum (X beta lam (I w)) (indices (I w))) /\
  sum (fun w => q w * value (I w) (z w)) (seq 0 outcomes) <=
  sum (fun w => q w * sum (X beta lam (I w)) (indices (I w))) (seq 0 outcomes).

Theorem proved : claim.
Proof.
  intros beta lam outcomes q I z L H.
  assert (G : forall w, In w (seq 0 outcomes) -> value (I w) (z w) <= sum (X beta lam (I w)) (indices (I w))).
  { intros w K. destruct (H w K) as (_ & V & E & Z & F). destruct (D03.proved (I w) lam (z w) V L Z F) as (D & D1 & D2).
    unfold X. rewrite sum_plus, sum_scale. unfold D03.plus in *. rewrite E in D, D1.
    pose proof (sum_nonneg _ _ D2). rewrite <- E in *. nra. }
  split; [exact G|]. apply sum_le. intros w K. apply Rmult_le_compat_l; [apply (H w K)|auto].
Qed.
