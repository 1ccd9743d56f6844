(* D4. The greedy gap is at most the critical item's share.

   OPT - p(prefix) <= phi p_s <= p_s, and the bound is attained in the limit.

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation Examples.
Open Scope R_scope.

Definition claim : Prop :=
  (forall I m, valid I -> mask I m -> spend I m <= B I ->
     value I m - value I (kept (cwmp reals I)) <= share I * critical_score I <= critical_score I) /\
  (forall eps, 0 < eps -> exists I m, valid I /\ mask I m /\ spend I m <= B I /\ 0 < critical_score I /\
     (1 - eps) * critical_score I <= value I m - value I (kept (cwmp reals I))).

Lemma critical_score_nonneg I : valid I -> 0 <= critical_score I.
Proof.
  intros V. unfold critical_score. destruct (critical_item reals I) as [s|] eqn:E; [|lra].
  apply critical_spec in E; [lra|auto].
Qed.

Theorem proved : claim.
Proof.
  split.
  - intros I m V M S. pose proof (mask_affordable I m (B I) V M S (Rle_refl _)) as A.
    pose proof (relaxed_gain I m V (mask_fractional I m M) A). rewrite relaxed_value in H.
    pose proof (price_nonneg I V). pose proof (share_range I V). pose proof (critical_score_nonneg I V). nra.
  - intros eps E. set (N := 3 + 2 / eps). assert (0 < 2 / eps) by (apply Rdiv_lt_0_compat; lra).
    assert (HN : 2 < N) by (unfold N; lra).
    exists (blocked N), large. destruct (large_feasible N) as (M & S & W). rewrite S, W, blocked_value by auto.
    unfold critical_score. destruct (blocked_cwmp N HN) as (_ & _ & ->).
    assert (eps * N = 3 * eps + 2) by (unfold N; field; lra).
    split; [now apply blocked_valid|]. repeat split; cbn; auto; lra.
Qed.
