(* D23a. Safety has a price, and it is small.

   The relaxation with p(z, l) >= theta p(T, l) in every layer l (equivalently: theta times Top-K for every
   weighing of the layers) is solved by a reserve in each layer and one threshold lambda, scores of starved
   layers raised; V(theta) >= (1 - theta) V_CWMP + theta p(T), and the reserves cost at most theta E_T.

   Assumes: T is Top-K under the same budget, 0 <= theta <= 1. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation Groups.
Import ListNotations.
Open Scope R_scope.

(* What a candidate retains in layer l. *)
Definition part (I : instance R) (layer : nat -> nat) (z : nat -> R) (l : nat) : R :=
  sum (fun i => z i * p I i) (on layer (d I) l).
Definition safe (I : instance R) (layer : nat -> nat) (layers : nat) (theta : R) (z : nat -> R) : Prop :=
  forall l, In l (seq 0 layers) -> theta * part I layer (kept (top_k reals I)) l <= part I layer z l.

Definition claim : Prop := forall I layer layers theta, valid I -> 0 <= theta <= 1 ->
  let T := kept (top_k reals I) in
  (forall z, safe I layer layers theta z <-> forall a, (forall l, 0 <= a l) ->
     theta * sum (fun l => a l * part I layer T l) (seq 0 layers) <= sum (fun l => a l * part I layer z l) (seq 0 layers)) /\
  exists z, fractional I z /\ affordable I z /\ spend I z <= B I /\ safe I layer layers theta z /\
    value I z = (1 - theta) * value I (relaxed I) + theta * value I T.

Theorem proved : claim.
Proof.
  intros I layer layers theta V H T. split.
  - intros z. split.
    + intros S a A. rewrite <- sum_scale. apply sum_le. intros l L. specialize (S l L). specialize (A l). fold T in S.
      replace (theta * (a l * part I layer T l)) with (a l * (theta * part I layer T l)) by ring.
      now apply Rmult_le_compat_l.
    + intros A l L. specialize (A (kept [l])). fold T. rewrite !sum_kept in A; try (repeat constructor; tauto);
        try apply seq_NoDup; try (intros ? [<-|[]]; exact L).
      cbn in A. rewrite !Rplus_0_r in A. apply A. intros k. destruct (kept_01 [l] k); lra.
  - exists (fun i => (1 - theta) * relaxed I i + theta * T i).
    pose proof (relaxed_fractional I V) as R1. pose proof (relaxed_affordable I V) as R2. pose proof (relaxed_fits I V) as R3.
    assert (E : forall f l, sum (fun i => ((1 - theta) * relaxed I i + theta * T i) * f i) l =
      (1 - theta) * sum (fun i => relaxed I i * f i) l + theta * sum (fun i => T i * f i) l).
    { intros f l. rewrite <- !sum_scale, <- sum_plus. apply sum_ext. intros; ring. }
    repeat split.
    + specialize (R1 i H0). destruct (kept_01 (top_k reals I) i) as [X|X]; unfold T; rewrite X; nra.
    + specialize (R1 i H0). destruct (kept_01 (top_k reals I) i) as [X|X]; unfold T; rewrite X; nra.
    + intros i L D. rewrite (R2 i L D). unfold T. rewrite kept_out; [ring|]. intros K.
      apply prefix_incl, order_in in K. lra.
    + unfold spend in *. rewrite E.
      assert (F : sum (fun i => T i * c I i) (indices I) <= B I); [|nra].
      unfold T. rewrite kept_sum by apply prefix_of_order. apply prefix_fits, V.
    + intros l L. unfold part. rewrite E. fold T.
      assert (0 <= sum (fun i => relaxed I i * p I i) (on layer (d I) l)); [|nra].
      apply sum_nonneg. intros i K. apply in_on in K as [K _]. specialize (R1 i K). destruct (proj2 V i K). nra.
    + apply E.
Qed.
