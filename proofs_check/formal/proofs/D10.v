(* D10. Best-of keeps at least half.

   best-of CWMP retains at least OPT/2, and the constant 1/2 cannot be improved.

   Assumes: none, because items dearer than B are left out before ordering (without that rule: c_max <= B). *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation Examples.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop :=
  (forall I m, valid I -> mask I m -> spend I m <= B I -> value I m / 2 <= value I (kept (cwmp_best_of reals I))) /\
  (forall eps, 0 < eps -> exists I m, valid I /\ mask I m /\ spend I m <= B I /\
     value I (kept (cwmp_best_of reals I)) < (1 / 2 + eps) * value I m).

Lemma fill_contains_prefix cost l f : forall room, (forall i, In i l -> 0 <= f i) ->
  sum f (prefix reals cost room l) <= sum f (fill reals cost room l).
Proof.
  induction l as [|i l IH]; intros room F; cbn; [lra|]. assert (0 <= f i) by (apply F; now left).
  assert (forall j, In j l -> 0 <= f j) by (intros; apply F; now right).
  destruct Rle_dec; cbn; [specialize (IH (room - cost i) H0); cbn in IH; lra|].
  apply sum_nonneg. intros j L. apply H0. clear -L. revert room L.
  induction l as [|k l IH]; intros room L; cbn in L; [destruct L|].
  destruct Rle_dec; [destruct L as [->|L]; [now left|]|]; right; eapply IH, L.
Qed.

Lemma fill_incl cost l : forall room, incl (fill reals cost room l) l.
Proof.
  induction l as [|i l IH]; intros room j; cbn; [auto|].
  destruct Rle_dec; [intros [->|L]; [now left|]|intros L]; right; eapply IH, L.
Qed.
Lemma fill_nodup cost l : forall room, NoDup l -> NoDup (fill reals cost room l).
Proof.
  induction l as [|i l IH]; intros room N; cbn; [constructor|]. apply NoDup_cons_iff in N as [F N].
  destruct Rle_dec; [constructor; [|auto]; intros L; eapply F, fill_incl, L|auto].
Qed.

(* best-of keeps at least what the prefix keeps, and at least any single affordable item. *)
Lemma best_of_value I : valid I -> value I (kept (cwmp reals I)) <= value I (kept (cwmp_best_of reals I)) /\
  critical_score I <= value I (kept (cwmp_best_of reals I)).
Proof.
  intros V. set (filled := fill reals (c I) (B I) (by_density reals I)).
  assert (F : value I (kept filled) = sum (p I) filled).
  { apply kept_sum; [apply fill_nodup, order_nodup|]. intros i L. apply fill_incl, order_in in L. tauto. }
  assert (G : value I (kept (cwmp reals I)) <= sum (p I) filled).
  { unfold value. rewrite cwmp_sum. apply fill_contains_prefix. intros i L. apply order_in in L. lra. }
  assert (C : forall s, critical_item reals I = Some s -> In s (by_score reals I)).
  { intros s E. apply critical_spec in E as (L & P & A & _); [|exact V]. unfold by_score.
    rewrite sort_in, eligible_spec. tauto. }
  unfold cwmp_best_of, best_of, critical_score. fold filled. pose proof (by_score_sorted I) as S.
  destruct (by_score reals I) as [|b r] eqn:E.
  - rewrite F. split; [exact G|]. destruct (critical_item reals I) as [s|]; [destruct (C s eq_refl)|].
    apply sum_nonneg. intros i L. apply fill_incl, order_in in L. lra.
  - assert (Lb : In b (indices I)).
    { assert (K : In b (by_score reals I)) by (rewrite E; now left). now apply order_in in K. }
    assert (T : forall s, critical_item reals I = Some s -> p I s <= p I b).
    { intros s X. destruct (C s X) as [->|K]; [lra|]. apply Sorted.StronglySorted_inv in S as [_ S].
      rewrite Forall_forall in S. auto. }
    assert (W : value I (kept [b]) = p I b).
    { unfold value. rewrite kept_sum; [cbn; lra|repeat constructor; tauto|intros ? [<-|[]]; auto]. }
    cbn [negb]. destruct (leb reals (p I b) (sum (p I) filled)) eqn:D; cbn [negb].
    + apply leb_true in D. rewrite F. split; [exact G|].
      destruct (critical_item reals I) as [s|]; [specialize (T s eq_refl)|]; [lra|].
      apply sum_nonneg. intros i L. apply fill_incl, order_in in L. lra.
    + apply leb_false in D. rewrite W. split; [lra|].
      destruct (critical_item reals I) as [s|]; [auto|]. apply (proj2 V); auto.
Qed.

(* p = (2, N, N), c = (1, N, N), B = 2N: the small item lets only one of the large ones in. *)
Definition pair (N : R) : instance R := Instance 3
  (fun i => match i with 0%nat => 2 | _ => N end) (fun i => match i with 0%nat => 1 | _ => N end) (2 * N).

Lemma pair_best_of N : 3 < N -> cwmp_best_of reals (pair N) = [0; 1]%nat.
Proof.
  intros H. unfold cwmp_best_of, best_of, by_density, by_score, eligible, denser, larger, indices.
  decide_reals; auto; nra.
Qed.

Theorem proved : claim.
Proof.
  split.
  - intros I m V M S. pose proof (mask_affordable I m (B I) V M S (Rle_refl _)) as A.
    pose proof (relaxed_gain I m V (mask_fractional I m M) A). rewrite relaxed_value in H.
    pose proof (price_nonneg I V). pose proof (share_range I V). destruct (best_of_value I V).
    assert (0 <= critical_score I).
    { unfold critical_score. destruct (critical_item reals I) as [s|] eqn:E; [|lra].
      apply critical_spec in E; [lra|auto]. }
    nra.
  - intros eps E. set (N := 4 + 2 / eps). assert (0 < 2 / eps) by (apply Rdiv_lt_0_compat; lra).
    assert (HN : 3 < N) by (unfold N; lra). exists (pair N), (kept [1; 2]%nat).
    rewrite pair_best_of by auto. repeat split.
    + cbn; lra.
    + destruct i; cbn; lra.
    + destruct i; cbn; lra.
    + apply kept_mask.
    + unfold spend. cbn. lra.
    + unfold value. cbn. assert (eps * N = 4 * eps + 2) by (unfold N; field; lra). nra.
Qed.
