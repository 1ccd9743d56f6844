(* D7. Equal costs: CWMP is Top-K.

   If all costs are equal, CWMP and Top-K select the same mask and it is optimal, at every budget.

   Assumes: c_i = c_j for all i, j. *)
From Coq Require Import Reals Lra Psatz List Lia.
From CWMP Require Import Relaxation Counting.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop := forall I, valid I ->
  (forall i j, In i (indices I) -> In j (indices I) -> c I i = c I j) ->
  cwmp reals I = top_k reals I /\
  forall m, mask I m -> spend I m <= B I -> value I m <= value I (kept (cwmp reals I)).

Lemma insert_ext f g i l : (forall j, In j l -> f i j = g i j) -> insert f i l = insert g i l.
Proof.
  induction l as [|j l IH]; intros E; cbn; [auto|]. rewrite E by now left. rewrite IH; auto. intros; apply E; now right.
Qed.
Lemma sort_ext f g l : (forall i j, In i l -> In j l -> f i j = g i j) -> sort f l = sort g l.
Proof.
  induction l as [|i l IH]; intros E; [auto|]. change (insert f i (sort f l) = insert g i (sort g l)).
  rewrite IH by (intros; apply E; now right).
  apply insert_ext. intros j L. apply sort_in in L. apply E; [now left|now right].
Qed.

Theorem proved : claim.
Proof.
  intros I V E. split.
  - unfold cwmp, top_k. f_equal. apply sort_ext. intros i j Li Lj. apply eligible_spec in Li as [Li _], Lj as [Lj _].
    unfold denser, larger. destruct (proj2 V i Li) as [_ Ci]. specialize (E i j Li Lj).
    destruct (leb reals (p I j) (p I i)) eqn:D;
      [apply leb_true in D; apply leb_true|apply leb_false in D; apply leb_false]; cbn; nra.
  - intros m M Fits. pose proof (mask_affordable I m (B I) V M Fits (Rle_refl _)) as A.
    pose proof (cwmp_priced I V) as (L & K & O). destruct (critical_item reals I) as [s|] eqn:X.
    + apply critical_spec in X as (Ls & _ & _ & Cs & _ & Q); [|exact V].
      assert (U : forall z, spend I z = c I s * count I z).
      { intros z. unfold spend, count. rewrite <- sum_scale. apply sum_ext. intros i Li. rewrite (E i s Li Ls). ring. }
      assert (W : c I s * count I m < c I s * (count I (kept (cwmp reals I)) + 1)).
      { rewrite <- U. rewrite Rmult_plus_distr_l, <- U. unfold spend at 2. rewrite cwmp_sum. lra. }
      assert (N : count I m <= count I (kept (cwmp reals I))).
      { apply Rmult_lt_reg_l in W; [|exact Cs].
        assert (T : forall l, (forall i, In i l -> m i = 0 \/ m i = 1) -> exists n, sum m l = INR n).
        { induction l as [|i l IH]; intros H; [now exists 0%nat|]. destruct IH as [n F]; [intros; apply H; now right|].
          cbn. rewrite F. destruct (H i (or_introl eq_refl)) as [-> | ->]; [exists n|exists (S n); rewrite S_INR]; lra. }
        destruct (T (indices I) M) as [n F]. unfold count in *. rewrite F in *. fold (count I (kept (cwmp reals I))) in *.
        rewrite count_kept in * by apply prefix_of_order. rewrite <- S_INR in W. apply INR_lt in W. apply le_INR. lia. }
      apply (top_count I (p I) (price I * c I s)); auto.
      * nra.
      * now apply mask_fractional.
      * intros i Li Y. rewrite <- (E i s Li Ls). auto.
      * intros i Li Y. rewrite <- (E i s Li Ls). destruct (O i Li Y); auto.
    + pose proof (priced_gain I _ _ m (cwmp_priced I V) (mask_fractional I m M) A). unfold price in H. rewrite X in H. lra.
Qed.
